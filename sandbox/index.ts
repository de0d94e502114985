/**
 * A Worker that imitates the Stytch API for the operations that Postern proxies, for local use and tests.
 * Never deploy it: anyone who reaches it can read the credentials of the calls it received.
 * Its state lives in this module, so it lasts as long as the isolate; `POST /_sandbox/reset` restores all of it.
 */

import { createSandbox } from "./app.ts";

export default createSandbox();
