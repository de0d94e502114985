/** Pages of the Directory's lists, newest first. */

import type { Cursor, Directory, Page } from "../directory/directory.ts";
import { getDirectory } from "../directory/directory-client.ts";
import type { Failure } from "../errors.ts";
import type { RequestContext } from "../request-context.ts";
import { callIdempotent } from "./object-calls.ts";
import { encodeCursor, PageQuery, readQuery } from "./request.ts";

type PageResult<T> =
  | { readonly items: readonly T[]; readonly next_cursor: string | null; readonly failure?: never }
  | { readonly failure: Failure };

/** The page that the query asks for. */
export async function readPage<T>(
  context: RequestContext,
  list: (directory: DurableObjectStub<Directory>, limit: number, after: Cursor | null) => Promise<Page<T>>,
): Promise<PageResult<T>> {
  const query = readQuery(context, PageQuery);
  if (query.failure !== undefined) return query;
  const { limit, cursor } = query.value;
  const page = await callIdempotent(
    context,
    "directory",
    () => getDirectory(context.env),
    async (directory) => await list(directory, limit, cursor),
  );
  if (page.failure !== undefined) return page;
  return { items: page.value.items, next_cursor: encodeCursor(page.value.next) };
}
