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

type CountedEnv = Env & { STYTCH_PROJECT_ID: string; STYTCH_SECRET: string };

const worker = createWorker();
/** What an isolate keeps belongs to its environment object, so each simulated isolate has a copy of it. */
const environments: CountedEnv[] = [];

export default {
  async fetch(request: Request, env: CountedEnv) {
    environments[0] ??= env;
    return await handleCounted(request, env, async (counted, isolate, context) => {
      environments[isolate] ??= { ...env };
      return await worker.fetch(counted, environments[isolate], context);
    });
  },
};
