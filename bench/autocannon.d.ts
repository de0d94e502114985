/** The part of the API that the benchmark uses: https://github.com/mcollina/autocannon#autocannonopts-cb */
declare module "autocannon" {
  interface Options {
    readonly url: string;
    readonly connections: number;
    readonly amount: number;
    readonly sampleInt: number;
    readonly setupClient: (client: Client) => void;
  }
  /** A connection. */
  interface Client {
    setRequests(requests: readonly Request[]): void;
    /** `headers`: names and values alternate, in the order of the response. */
    on(event: "headers", listener: (head: { readonly headers: readonly string[] }) => void): void;
  }
  interface Request {
    readonly method: string;
    readonly path: string;
    readonly headers: Readonly<Record<string, string>>;
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
