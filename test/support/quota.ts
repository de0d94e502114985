/** What an answer says of its caller's limit, parsed as structured fields (RFC 9651). */
import { type Item, parseList } from "structured-headers";
import { expect } from "vitest";

export function quotaIn(answer: Response): { q: unknown; w: unknown; r: unknown; t: unknown } {
  const [policy] = parseList(String(answer.headers.get("RateLimit-Policy"))) as [Item];
  const [now] = parseList(String(answer.headers.get("RateLimit"))) as [Item];
  expect([policy[0], now[0]]).toEqual(["key", "key"]);
  return { q: policy[1].get("q"), w: policy[1].get("w"), r: now[1].get("r"), t: now[1].get("t") };
}
