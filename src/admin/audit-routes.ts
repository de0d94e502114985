/** The admin API of the audit: what was done to keys and to the cache, and when. */

import type { Failure } from "../errors.ts";
import type { RequestContext } from "../request-context.ts";
import { readPage } from "./pagination.ts";

/** 200 with a page of events, newest first. */
export async function listEvents(context: RequestContext): Promise<Response | Failure> {
  const page = await readPage(
    context,
    async (directory, limit, after) => await directory.listEvents(limit, after),
  );
  if (page.failure !== undefined) return page.failure;
  const events = page.items.map(({ at, action, key_id, detail }) => ({ at, action, key_id, detail }));
  return Response.json({ events, next_cursor: page.next_cursor });
}
