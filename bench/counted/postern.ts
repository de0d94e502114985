/** Postern with its operations counted. One real isolate holds any number of simulated ones. */

import * as postern from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { countStorage, handleCounted } from "./counting.ts";

export class ApiKey extends postern.ApiKey {
  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    countStorage(context);
  }
}
export class Organization extends postern.Organization {
  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    countStorage(context);
  }
}
export { Directory, PublicKeys } from "../../src/index.ts";

const isolates: ReturnType<typeof createWorker>[] = [];

export default {
  async fetch(request: Request, env: Env & { STYTCH_PROJECT_ID: string; STYTCH_SECRET: string }) {
    return await handleCounted(request, env, async (counted, isolate, context) => {
      isolates[isolate] ??= createWorker();
      return await isolates[isolate].fetch(counted, env, context);
    });
  },
};
