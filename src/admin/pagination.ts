/** Pages of the Directory's lists, newest first. */
import type { Directory } from "../directory/directory.ts";
import { getDirectory } from "../directory/directory-client.ts";
import type { Cursor, Page } from "../directory/page.ts";
import type { RequestContext } from "../request-context.ts";
import { callIdempotent } from "./object-calls.ts";
import { encodeCursor, PageQuery, readQuery } from "./request.ts";

/** Reads the page that the query asks for: one call of the Directory. */
export async function readPage<T>(
  { env, log, request }: RequestContext,
  list: (directory: DurableObjectStub<Directory>, limit: number, after: Cursor | null) => Promise<Page<T>>,
): Promise<{ readonly items: readonly T[]; readonly next_cursor: string | null }> {
  const { limit, cursor } = readQuery(request, PageQuery);
  const page = await callIdempotent(
    log,
    "directory",
    () => getDirectory(env),
    async (directory) => await list(directory, limit, cursor),
  );
  return { items: page.items, next_cursor: encodeCursor(page.next) };
}
