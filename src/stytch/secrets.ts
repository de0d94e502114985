/** The project secrets: how a request presents one, and how they are kept out of texts. */
import type { Config } from "../config.ts";

export type StytchConfig = Config["stytch"];

/** The value of an `Authorization` header (RFC 7617). */
export function basicCredentials({ projectId }: StytchConfig, secret: string): string {
  return `Basic ${encodeCredentials(projectId, secret)}`;
}

/** Removes the secrets from a text of Stytch's, in case that an upstream echoes the request. */
export function redactSecrets({ projectId, secret, nextSecret }: StytchConfig, text: string): string {
  const secrets = nextSecret === undefined ? [secret] : [secret, nextSecret];
  const forms = secrets.flatMap((one) => [encodeCredentials(projectId, one), one]);
  // The longest first: one secret may be a prefix of the other, and its removal would leave the rest of that one.
  forms.sort((a, b) => b.length - a.length);
  return forms.reduce((redacted, form) => redacted.replaceAll(form, "[removed]"), text);
}

const encodeCredentials = (projectId: string, secret: string) => btoa(`${projectId}:${secret}`);
