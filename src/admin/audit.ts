/** The admin API of the audit: what was done to keys, and when. */
import type { Call } from "../call.ts";
import type { Failure } from "../errors.ts";
import { DIRECTORY } from "../keys/api-key.ts";
import { readObject } from "./object.ts";
import { encodeCursor, PageQuery, readQuery } from "./request.ts";

/** 200 with a page of events, newest first. */
export async function listEvents(call: Call): Promise<Response | Failure> {
  const query = readQuery(call, PageQuery);
  if (query.failure !== undefined) return query.failure;
  const { limit, cursor } = query.value;
  const page = await readObject(
    call,
    "directory",
    () => call.env.DIRECTORY.getByName(DIRECTORY),
    async (directory) => await directory.listEvents(limit, cursor),
  );
  if (page.failure !== undefined) return page.failure;
  const { items, next } = page.value;
  const events = items.map(({ at, action, key_id, detail }) => ({ at, action, key_id, detail }));
  return Response.json({ events, next_cursor: encodeCursor(next) });
}
