/** Which Postern to call, and the admin token for it. A token is sent only to the address that it was given for. */
import { DevVarsError, readDevVars } from "../dev/dev-vars.ts";
import { LocalStateError, readSavedState } from "../dev/local-state.ts";
import { CliError } from "./errors.ts";

export interface Connection {
  readonly origin: string;
  readonly token: string;
  /** Who set the token, so that a refusal can say which one to check. */
  readonly tokenSource: "operator" | "npm start";
}

interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Options take precedence over the environment. Calls `readToken` only if the address is that of the local Postern. */
export function resolveConnection(
  options: ConnectionOptions,
  env: Environment,
  readToken: () => string | null,
): Connection {
  const url = options.url ?? (env["POSTERN_URL"] || undefined);
  const token = options.token ?? (env["POSTERN_ADMIN_TOKEN"] || undefined);
  if (token !== undefined) {
    if (url === undefined) throw new CliError("The address is missing: give --url, or set POSTERN_URL.");
    return { origin: parseOrigin(url), token: checkedToken(token), tokenSource: "operator" };
  }
  const local = localOrigin(env);
  const origin = url === undefined ? local : parseOrigin(url);
  const localToken = origin === local ? readToken() : null;
  if (localToken !== null) return { origin, token: checkedToken(localToken), tokenSource: "npm start" };
  throw new CliError(
    url === undefined
      ? "The address and the admin token are missing: set POSTERN_URL and POSTERN_ADMIN_TOKEN (or give --url and --token), or run npm start for a Postern on this machine."
      : `The admin token for ${origin} is missing: set POSTERN_ADMIN_TOKEN, or give --token.`,
  );
}

/**
 * The admin token of the Postern that `npm start` runs on this machine; null before the first start. A token in
 * `.dev.vars` takes precedence over the generated one, as it does in `npm start`.
 */
export function readLocalToken(): string | null {
  try {
    const state = readSavedState();
    return state === null ? null : (readDevVars()["ADMIN_TOKEN"] ?? state.admin_token);
  } catch (error) {
    if (error instanceof DevVarsError || error instanceof LocalStateError) throw new CliError(error.message);
    throw error;
  }
}

function localOrigin(env: Environment): string {
  const port = env["PORT"] || "8787";
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) {
    throw new CliError("PORT must be a port number.");
  }
  return new URL(`http://127.0.0.1:${port}`).origin;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function parseOrigin(text: string): string {
  const url = URL.parse(text);
  const isBare = url !== null && url.username === "" && url.password === "" && url.search + url.hash === "";
  if (!isBare || url.pathname !== "/" || !/^https?:$/.test(url.protocol)) {
    // The message does not repeat the address, which may hold a password.
    throw new CliError(
      "The address (--url or POSTERN_URL) must look like https://postern.example.workers.dev.",
      2,
    );
  }
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname)) {
    throw new CliError(
      `The address must begin with https: plain HTTP to ${url.host} would send the admin token unencrypted.`,
      2,
    );
  }
  return url.origin;
}

/** Refuses what cannot be in a header here, because the error that fetch throws for it quotes the token. */
function checkedToken(token: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new CliError("The admin token must be one word of printable ASCII characters, without spaces.", 2);
}
