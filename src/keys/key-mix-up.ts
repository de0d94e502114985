/** Recognizes mix-ups of keys: what was presented in place of a key of this deployment, and a key in place of a text. */
import type { Config } from "../config.ts";
import type { Failure } from "../errors.ts";

/**
 * The refusal of a text that is no genuine key. It says what the text looks like, but nothing of it: so it reveals
 * neither the text nor which check failed. Nothing is compared with a secret. No I/O.
 */
export function invalidKey(presented: string, environment: Config["environment"]): Failure {
  const type = "invalid_key";
  if (/^secret-(?:test|live)-/.test(presented)) return { type, looksLike: "stytch_secret", environment };
  if (!/^pst_(?:test|live)_/.test(presented)) return { type, looksLike: "no_key", environment };
  return presented.startsWith(`pst_${environment}_`)
    ? { type }
    : { type, looksLike: "other_environment", environment };
}

/** True if the text contains something with the format of a key, or of the token of a link to one, genuine or not. */
export const containsKey = (text: string) =>
  /(?:pst_(?:test|live)|handover)_[0-9a-z]{16}_[0-9a-z]{50,64}/.test(text);
