/** The admin API as this tool calls it: an answer, or a `Stop` that says what failed and what to do. */
import { z } from "zod";
import type { Connection } from "./connection.ts";
import { Stop } from "./errors.ts";

export interface AdminApi {
  /** Where it is, for what is told to people. */
  readonly origin: string;
  /**
   * One request, and the JSON of its answer if that is 2xx. Throws a `Stop` otherwise. `unsure`: the advice where it may have been
   * done all the same; by default, for a change that is not to be made twice.
   */
  call(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: object,
    unsure?: string,
  ): Promise<unknown>;
}

const TIMEOUT_MS = 30_000;

/** With these, nothing was sent. */
const NOT_CONNECTED = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);

const MAYBE_DONE = " It may have been done all the same: look with list or show before you repeat it.";

export function adminApi(connection: Connection): AdminApi {
  const { origin, token } = connection;
  return {
    origin,
    call: async (method, path, body, unsure = method === "GET" ? "" : MAYBE_DONE) => {
      let status: number;
      let text: string;
      try {
        const response = await fetch(new URL(path, origin), {
          method,
          headers: {
            Authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          // The token goes nowhere else.
          redirect: "manual",
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        status = response.status;
        text = await response.text();
      } catch (error) {
        throw new Stop(unreachable(origin, reasonOf(error), unsure));
      }
      const json = parse(text);
      if (status >= 200 && status < 300) {
        if (json !== undefined) return json;
        throw new Stop(`${origin} answered ${status} without JSON.${unsure} Is it a Postern?`);
      }
      throw new Stop(refused(connection, status, json, unsure).replaceAll(token, "…"));
    },
  };
}

function unreachable(origin: string, reason: string, unsure: string): string {
  if (reason === "TimeoutError") return `${origin} did not answer within ${TIMEOUT_MS / 1_000} s.${unsure}`;
  const hint = NOT_CONNECTED.has(reason) ? " Is the address right, and is Postern running there?" : unsure;
  return `${origin} cannot be reached (${reason}).${hint}`;
}

/** A code such as ECONNREFUSED, where there is one: not the message, which can repeat what was sent. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") return cause.code;
  return error instanceof Error ? error.name : "unknown";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const ErrorBody = z.object({
  error_type: z.string(),
  error_message: z.string(),
  request_id: z.string().optional(),
});

function refused({ origin, from }: Connection, status: number, json: unknown, unsure: string): string {
  if (status === 401) {
    return from === "operator"
      ? `${origin} refused the admin token (401). Check POSTERN_ADMIN_TOKEN or --token.`
      : `${origin} refused the admin token that npm start keeps (401). Is another server on that port? Look at the address that npm start printed.`;
  }
  if (status >= 300 && status < 400) {
    return `${origin} answered with a redirect (${status}), which is not followed. Give the address of Postern itself.`;
  }
  const body = ErrorBody.safeParse(json);
  if (!body.success) return `${origin} answered ${status}, not as Postern does. Is the address right?`;
  const { error_type: type, error_message: message, request_id: request } = body.data;
  if (type === "route_not_found") {
    return `${origin} has no such admin call (404). Is ADMIN_TOKEN set there, and is that Postern as new as this tool?`;
  }
  const hint = type === "key_not_found" ? " The command list shows which keys there are." : "";
  const logged = status < 500 || request === undefined ? "" : `, request_id ${request} in its log`;
  return `${message}${hint} (${status} ${type}${logged})${status < 500 ? "" : `.${unsure}`}`;
}
