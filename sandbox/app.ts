/** The sandbox as a Hono app: the controls, then what happens to every API call, then the API. */

import { Hono, type MiddlewareHandler } from "hono";
import { createApi } from "./api.ts";
import { createControls } from "./controls.ts";
import type { SandboxEnv } from "./credentials.ts";
import { applyFault } from "./fault-effects.ts";
import { delay } from "./fault-streams.ts";
import { createError } from "./responses.ts";
import { SandboxState } from "./state.ts";

/** Creates an app with a state of its own. `fetch(request, credentials)` calls it in process. */
export function createSandbox(): Hono<SandboxEnv> {
  const state = new SandboxState();
  const app = new Hono<SandboxEnv>({ getPath: rawPath });

  // Every control ends the request, so the middleware below sees API calls only.
  app.route("/_sandbox", createControls(state));

  app.use(logRequest(state), injectFault(state), addLatency(state));
  app.route("/v1/b2b", createApi(state));

  app.notFound(() => createError(404, "route_not_found", "The route provided is not supported."));
  app.onError((error, c) => {
    // The fault `hang` rejects when the caller aborts. Nobody reads a response then.
    if (c.req.raw.signal.aborted) throw error;
    return createError(500, "internal_server_error", `The sandbox failed: ${error.message}`);
  });
  return app;
}

/** Hono decodes paths by default. Stytch matches them raw, so `%2F` in an identifier does not separate segments. */
function rawPath(request: Request): string {
  return new URL(request.url).pathname;
}

function logRequest({ log }: SandboxState): MiddlewareHandler {
  return (c, next) => {
    log.add(c.req.raw);
    return next();
  };
}

/** Takes the fault when the call arrives, and applies it to the finished response. */
function injectFault({ faults, store }: SandboxState): MiddlewareHandler {
  return async (c, next) => {
    const fault = faults.take(c.req.path);
    await next();
    if (fault === undefined) return;
    const response = await applyFault(fault, c.req.raw, c.res, store);
    // Hono copies the headers of a response that is replaced, unless it is unset first.
    c.res = undefined;
    c.res = response;
  };
}

/** Delays the response after the store was read, so it does not show a later change, as on a real network. */
function addLatency(state: SandboxState): MiddlewareHandler {
  return async (_, next) => {
    await next();
    if (state.latencyMs > 0) await delay(state.latencyMs);
  };
}
