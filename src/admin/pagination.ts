/** Pages of the Directory's lists, newest first. */

import type { Cursor, Directory, Page } from "../directory/directory.ts";
import type { Failure } from "../errors.ts";
import { directoryOf } from "../platform/durable-object.ts";
import type { Call } from "../request-context.ts";
import { readObject } from "./object-calls.ts";
import { encodeCursor, PageQuery, readQuery } from "./request.ts";

type Listed<T> =
  | { readonly items: readonly T[]; readonly next_cursor: string | null; readonly failure?: never }
  | { readonly failure: Failure };

/** The page that the query asks for. */
export async function readPage<T>(
  call: Call,
  list: (directory: DurableObjectStub<Directory>, limit: number, after: Cursor | null) => Promise<Page<T>>,
): Promise<Listed<T>> {
  const query = readQuery(call, PageQuery);
  if (query.failure !== undefined) return query;
  const { limit, cursor } = query.value;
  const page = await readObject(
    call,
    "directory",
    () => directoryOf(call.env),
    async (directory) => await list(directory, limit, cursor),
  );
  if (page.failure !== undefined) return page;
  return { items: page.value.items, next_cursor: encodeCursor(page.value.next) };
}
