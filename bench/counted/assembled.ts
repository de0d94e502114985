/** What was assembled, with its operations counted. It keeps nothing in an isolate, so they are one. */
import assembled, { DurableObjectRateLimiter as Real } from "../peers/assembled/index.ts";
import { counting, countStorage } from "./counting.ts";

export class DurableObjectRateLimiter extends Real {
  constructor(context: DurableObjectState, env: Cloudflare.Env) {
    super(context, env);
    countStorage(context);
  }
}

type Bindings = Parameters<typeof assembled.fetch>[1] & {
  readonly STYTCH_PROJECT_ID: string;
  readonly STYTCH_SECRET: string;
};

export default {
  async fetch(request: Request, env: Bindings) {
    return await counting(
      request,
      env,
      async (counted, _, context) => await assembled.fetch(counted, env, context),
    );
  },
};
