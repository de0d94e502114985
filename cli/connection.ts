/** Which Postern is meant, and the token for it. A token goes to the address that it was given for, and to no other. */
import { Stop } from "./errors.ts";

export interface Connection {
  readonly origin: string;
  readonly token: string;
  /** Where the token came from, to say so when it is refused. */
  readonly from: "operator" | "npm start";
}

interface Given {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** `localToken` is called only where the address is that of the local Postern. */
export function connectionFrom(
  options: Given,
  env: Environment,
  localToken: () => string | null,
): Connection {
  const url = options.url ?? (env["POSTERN_URL"] || undefined);
  const token = options.token ?? (env["POSTERN_ADMIN_TOKEN"] || undefined);
  if (token !== undefined) {
    if (url === undefined) {
      throw new Stop("The address is missing: give --url, or set POSTERN_URL.");
    }
    return { origin: originOf(url), token: wellFormed(token), from: "operator" };
  }
  const local = localOrigin(env);
  const origin = url === undefined ? local : originOf(url);
  const kept = origin === local ? localToken() : null;
  if (kept !== null) return { origin, token: wellFormed(kept), from: "npm start" };
  throw new Stop(
    url === undefined
      ? "The address and the admin token are missing: set POSTERN_URL and POSTERN_ADMIN_TOKEN (or give --url and --token), or run npm start for a Postern on this machine."
      : `The admin token for ${origin} is missing: set POSTERN_ADMIN_TOKEN, or give --token.`,
  );
}

function localOrigin(env: Environment): string {
  const port = env["PORT"] || "8787";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new Stop("PORT must be the number of a port.");
  return new URL(`http://127.0.0.1:${port}`).origin;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function originOf(text: string): string {
  const url = URL.parse(text);
  const bare = url !== null && url.username === "" && url.password === "" && url.search + url.hash === "";
  if (!bare || url.pathname !== "/" || !/^https?:$/.test(url.protocol)) {
    // The address is not repeated: it may hold a password.
    throw new Stop("The address (--url or POSTERN_URL) must be like https://postern.example.workers.dev.", 2);
  }
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname)) {
    throw new Stop(
      `The address must begin with https: to ${url.host}, plain HTTP would carry the admin token in the clear.`,
      2,
    );
  }
  return url.origin;
}

/** Anything else cannot stand in a header, and what fetch says of that repeats it. */
function wellFormed(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Stop("The admin token must be one word of printable ASCII characters, without spaces.", 2);
}
