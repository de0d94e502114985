/** The admin API of the audit log: what was done to keys and to the cache, and when. */
import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";
import { readPage } from "./pagination.ts";

/** Answers 200 with a page of the project's events, newest first. */
export async function listAuditEvents(c: Context<AppEnv>): Promise<Response> {
  const page = await readPage(
    c.env,
    async (directory, limit, after) =>
      await directory.listEvents(limit, after, c.env.config.stytch.projectId),
  );
  const events = page.items.map(({ at, action, key_id, detail }) => ({ at, action, key_id, detail }));
  return Response.json({ events, next_cursor: page.next_cursor });
}
