declare module "parse-prometheus-text-format" {
  /** Parses Prometheus text 0.0.4. */
  export default function parse(text: string): unknown;
}
