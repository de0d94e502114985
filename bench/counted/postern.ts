/** Postern with its operations counted, and any number of isolates in one. */

import * as postern from "../../src/index.ts";
import { createWorker } from "../../src/worker.ts";
import { counting, countStorage } from "./counting.ts";

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
    return await counting(request, env, async (counted, isolate, context) => {
      isolates[isolate] ??= createWorker();
      return await isolates[isolate].fetch(counted, env, context);
    });
  },
};
