/** The check of an operator's token. */

/** True if `Authorization` presents one of these tokens (RFC 6750 §2.1). No I/O. */
export async function presentsToken(
  tokens: readonly string[],
  authorization: string | null,
): Promise<boolean> {
  const presented = /^bearer +(\S+)$/i.exec(authorization?.trim() ?? "")?.[1];
  return (await isOneOf(tokens, presented ?? "")) && presented !== undefined;
}

/**
 * True if `presented` is one of these tokens. Both are hashed before they are compared, so that the time taken reveals
 * neither the characters of a token nor its length. No I/O.
 */
export async function isOneOf(tokens: readonly string[], presented: string): Promise<boolean> {
  const actual = await digest(presented);
  let isEqual = false;
  for (const token of tokens) {
    // All of them, so that the time does not tell which one it was.
    if (crypto.subtle.timingSafeEqual(await digest(token), actual)) isEqual = true;
  }
  return isEqual;
}

async function digest(text: string): Promise<ArrayBuffer> {
  return await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
