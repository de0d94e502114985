/** What Hono's handlers find in their context: the request context as `c.env`, and what middleware sets as `c.var`. */
import type { RequestContext } from "./request-context.ts";

export type AppEnv = { Bindings: RequestContext; Variables: { keyId: string; actor: string } };
