/** Which format a scraper asks for: proactive negotiation by `Accept` (RFC 9110 §12.5.1). Pure. */
import type { Format } from "./exposition.ts";

const OPENMETRICS = "application/openmetrics-text";

interface MediaRange {
  readonly type: string;
  readonly version: string | null;
  /** 0 to 1; 0 means not acceptable. */
  readonly weight: number;
}

/**
 * OpenMetrics if it is named, in version 1.0.0 or any, and plain text is not preferred to it. Else Prometheus text,
 * whatever is asked for: a person with a browser or curl reads that.
 */
export function formatFor(accept: string | null): Format {
  const ranges = (accept ?? "").split(",").map(parseRange);
  const weightOf = (isMeant: (range: MediaRange) => boolean) =>
    Math.max(0, ...ranges.filter(isMeant).map(({ weight }) => weight));
  const open = weightOf(({ type, version }) => type === OPENMETRICS && (version ?? "1.0.0") === "1.0.0");
  const plain = weightOf(({ type, version }) => type === "text/plain" && (version ?? "0.0.4") === "0.0.4");
  return open > 0 && open >= plain ? "openmetrics" : "prometheus";
}

function parseRange(range: string): MediaRange {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const parameter = (name: string) =>
    parameters
      .find((text) => text.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replace(/^"(.*)"$/, "$1") ?? null;
  const weight = Number(parameter("q") ?? 1);
  return { type, version: parameter("version"), weight: weight >= 0 && weight <= 1 ? weight : 0 };
}
