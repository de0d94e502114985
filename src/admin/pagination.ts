/** Pages of the Directory's lists, newest first. */
import type { Directory } from "../directory/directory.ts";
import { getDirectory } from "../directory/directory-client.ts";
import type { Cursor, Page } from "../directory/page.ts";
import type { RequestContext } from "../request-context.ts";
import { callIdempotent } from "./object-calls.ts";
import { encodeCursor, type PageRequest } from "./request.ts";

/** Reads the page that was asked for: one call of the Directory. */
export async function readPage<T>(
  { env, log }: RequestContext,
  { limit, cursor }: PageRequest,
  list: (directory: DurableObjectStub<Directory>, limit: number, after: Cursor | null) => Promise<Page<T>>,
): Promise<{ readonly items: readonly T[]; readonly next_cursor: string | null }> {
  const page = await callIdempotent(
    log,
    "directory",
    () => getDirectory(env),
    async (directory) => await list(directory, limit, cursor),
  );
  return { items: page.items, next_cursor: encodeCursor(page.next) };
}
