/** What is used of it: https://github.com/mcollina/autocannon#autocannonopts-cb */
declare module "autocannon" {
  interface Options {
    readonly url: string;
    readonly connections: number;
    readonly amount: number;
    readonly sampleInt: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly requests: readonly { readonly path: string }[];
  }
  interface Result {
    readonly errors: number;
    readonly statusCodeStats: Readonly<Record<string, { readonly count: number }>>;
  }
  interface Running extends Promise<Result> {
    on(event: "response", listener: () => void): void;
  }
  export default function autocannon(options: Options): Running;
}
