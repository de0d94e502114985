/**
 * A Worker that imitates the Stytch API for the operations that Postern proxies, for local use and tests.
 * Never deploy it: anyone who reaches it can read the credentials of the calls it received.
 * Its state lives in this module, so it lasts as long as the isolate; `POST /_sandbox/reset` restores all of it.
 */

import { type Credentials, handleApiRequest } from "./api.ts";
import { handleControl, isControlPath, type SandboxState } from "./controls.ts";
import { applyFault } from "./fault-effects.ts";
import { delay } from "./fault-streams.ts";
import { FaultQueue } from "./faults.ts";
import { RequestLog } from "./request-log.ts";
import { toResponse } from "./responses.ts";
import { Store } from "./store.ts";

const state: SandboxState = {
  store: new Store(),
  faults: new FaultQueue(),
  log: new RequestLog(),
  latencyMs: 0,
};

export default {
  async fetch(request: Request, env: Credentials): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (isControlPath(pathname)) return handleControl(request, state);

    state.log.add(request);
    const fault = state.faults.take(pathname);
    // The store is read before the delay, so a response in flight does not see a later change, as on a real network.
    const apiResponse = handleApiRequest(request, env, state.store);
    if (state.latencyMs > 0) await delay(state.latencyMs);
    const response = fault
      ? await applyFault(fault, request, apiResponse, state.store)
      : toResponse(apiResponse);
    return request.method === "HEAD" ? withoutBody(response) : response;
  },
};

async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, response);
}
