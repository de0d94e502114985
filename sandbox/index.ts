/**
 * A Worker that looks like the Stytch API for the operations that Postern proxies, for local use and tests.
 * It is never to be deployed: anyone who reaches it can read the credentials it was called with.
 * State lives in this module, so it lasts as long as the isolate; `POST /_sandbox/reset` restores all of it.
 */

import { toResponse } from "./answers.ts";
import { answer, type Credentials } from "./api.ts";
import { control, isControl, type Sandbox } from "./control.ts";
import { applyFault } from "./fault-effects.ts";
import { wait } from "./fault-streams.ts";
import { FaultQueue } from "./faults.ts";
import { RequestLog } from "./request-log.ts";
import { Store } from "./store.ts";

const sandbox: Sandbox = {
  store: new Store(),
  faults: new FaultQueue(),
  log: new RequestLog(),
  latencyMs: 0,
};

export default {
  async fetch(request: Request, env: Credentials): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (isControl(pathname)) return control(request, sandbox);

    sandbox.log.add(request);
    const fault = sandbox.faults.take(pathname);
    // Read before the delay: an answer under way does not see a change made meanwhile, as on a real network.
    const read = answer(request, env, sandbox.store);
    if (sandbox.latencyMs > 0) await wait(sandbox.latencyMs);
    const response = fault ? await applyFault(fault, request, read, sandbox.store) : toResponse(read);
    return request.method === "HEAD" ? withoutBody(response) : response;
  },
};

async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, response);
}
