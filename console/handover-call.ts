/** Opens the link that hands a key over: its token can be used once. */
import type { KeyRecord } from "./shapes.ts";

export type HandedOver =
  | { readonly kind: "key"; readonly key: string; readonly record: KeyRecord }
  /** The link was used, its time is over, or it is not whole. Postern does not say which. */
  | { readonly kind: "ended" }
  /** Nobody knows whether the key was taken: the link may be used up. */
  | { readonly kind: "failed"; readonly problem: string };

type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** The token of a link, from the fragment of its URL; null if there is none. */
export const tokenOf = (hash: string): string | null => hash.replace(/^#/, "") || null;

/** Longer than any answer takes. */
const TIMEOUT_MS = 20_000;

export async function takeKey(fetch: Fetch, token: string): Promise<HandedOver> {
  try {
    const response = await fetch("/handover", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ token }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 404) return { kind: "ended" };
    const body = (await response.json()) as { key: string; record: KeyRecord } & { error_message?: string };
    return response.ok
      ? { kind: "key", key: body.key, record: body.record }
      : { kind: "failed", problem: body.error_message ?? "Postern answered with an error." };
  } catch {
    return { kind: "failed", problem: "Postern cannot be reached." };
  }
}

/** What the page keeps in the state of its entry in the browser's history. */
export const OPENED = "opened";
export const SHOWN = "shown";

/** What the page says without a token. `earlier`: the state of its entry. */
export function withoutTokenText(earlier: unknown): { readonly title: string; readonly text: string } {
  switch (earlier) {
    case SHOWN:
      return {
        title: "The key was shown",
        text: "This page showed it before it was loaded again, and cannot show it a second time. If you have no copy, ask whoever sent the link for a new one.",
      };
    case OPENED:
      return {
        title: "Open the link once more",
        text: "This page was loaded again before it showed the key. Open the link as it was sent to you.",
      };
    default:
      return {
        title: "This link is not whole",
        text: "The part after the # is missing. Open the link as it was sent to you.",
      };
  }
}
