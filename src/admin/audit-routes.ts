/** The admin API of the audit log: what was done to keys and to the cache, when, and by whom. */
import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";
import type { AuditPage, PublicAuditEvent } from "../directory/audit-answers.ts";
import { actorOf } from "../directory/audit-event.ts";
import { readPage } from "./pagination.ts";
import { PageQuery, readQuery } from "./request.ts";

/** Answers 200 with a page of the project's events, newest first. */
export async function listAuditEvents(c: Context<AppEnv>): Promise<Response> {
  const page = await readPage(
    c.env,
    readQuery(c.env.request, PageQuery),
    async (directory, limit, after) =>
      await directory.listEvents(limit, after, c.env.config.stytch.projectId),
  );
  const events = page.items.map((event): PublicAuditEvent => {
    const { at, action, key_id, detail } = event;
    return { at, action, actor: actorOf(event), key_id, detail };
  });
  return Response.json({ events, next_cursor: page.next_cursor } satisfies AuditPage);
}
