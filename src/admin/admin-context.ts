/** What the handlers of the admin API share. */
import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";

export type AdminContext = Context<AppEnv>;

/** The deployment's Stytch project: keys and the session policy of another are neither shown nor changed. */
export const projectId = (c: AdminContext) => c.env.config.stytch.projectId;
