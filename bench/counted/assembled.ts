/** The assembled peer with its operations counted. It keeps no state in an isolate, so one stands for any number. */
import assembled, { DurableObjectRateLimiter as RateLimiter } from "../peers/assembled/index.ts";
import { countStorage, handleCounted } from "./counting.ts";

export class DurableObjectRateLimiter extends RateLimiter {
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
    return await handleCounted(
      request,
      env,
      async (counted, _, context) => await assembled.fetch(counted, env, context),
    );
  },
};
