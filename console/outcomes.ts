/** What came of requests, in the order in which plots stack them, with the colour of each. */
import type { Series } from "./components/stacked-plot.tsx";

type CountName = "hits" | "stale" | "misses" | "not_found" | "denied" | "rate_limited" | "errors";

interface Outcome extends Omit<Series, "values"> {
  readonly name: CountName;
}

export const OUTCOMES: readonly Outcome[] = [
  { name: "hits", label: "Cache hits", color: "hits" },
  { name: "stale", label: "Served stale", color: "stale" },
  { name: "misses", label: "Asked of Stytch", color: "misses" },
  { name: "not_found", label: "Not found", color: "not-found" },
  { name: "denied", label: "Denied", color: "denied" },
  { name: "rate_limited", label: "Rate limited", color: "limited" },
  { name: "errors", label: "Failed", color: "errors" },
];

export const OUTCOME_NAMES = OUTCOMES.map(({ name }) => name);
