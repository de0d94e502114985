/** What an admin call sends: its JSON body or its query, validated. An invalid one is a `RequestError` that names the field. */
import * as z from "zod";
import type { Cursor } from "../directory/page.ts";
import { type Failure, RequestError } from "../errors.ts";
import { containsKey } from "../keys/key-mix-up.ts";
import { readBounded } from "../platform/bounded-body.ts";
import { parseJson } from "../platform/bounded-json.ts";

export const MAX_ADMIN_BODY_BYTES = 64 * 1024;

export const invalidRequest = (message: string): Failure => ({ type: "invalid_request", message });

/** Reads the body, of at most `maxBytes`. `fallback` stands for a body that is absent. */
export async function readBody<S extends z.ZodType>(
  request: Request,
  schema: S,
  fallback?: unknown,
  maxBytes = MAX_ADMIN_BODY_BYTES,
): Promise<z.output<S>> {
  const bytes = await readBounded(maxBytes, request.body);
  if (bytes === undefined) {
    throw new RequestError(invalidRequest(`the body must have at most ${maxBytes} bytes`));
  }
  const json = bytes.byteLength === 0 && fallback !== undefined ? fallback : parseJson(bytes);
  if (json === undefined) throw new RequestError(invalidRequest("the body must be JSON"));
  return validate(json, schema);
}

export function readQuery<S extends z.ZodType>(request: Request, schema: S): z.output<S> {
  const { searchParams } = new URL(request.url);
  for (const name of searchParams.keys())
    if (searchParams.getAll(name).length > 1)
      throw new RequestError(invalidRequest(`${printableName(name)}: must be given once`));
  return validate(Object.fromEntries(searchParams), schema);
}

function validate<S extends z.ZodType>(json: unknown, schema: S): z.output<S> {
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw new RequestError(invalidRequest(describeProblem(parsed.error)));
  return parsed.data;
}

/** The first problem, with the field that has it. Values are not repeated. */
function describeProblem(error: z.ZodError): string {
  // An unknown field comes first: it is often a known one misspelt, which is then missing.
  const issue = error.issues.find(({ code }) => code === "unrecognized_keys") ?? error.issues[0];
  if (issue === undefined) return "the body is invalid";
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return `${[...issue.path, printableName(issue.keys[0] ?? "")].join(".")}: unknown field`;
  }
  return path === "" ? "the body must be a JSON object" : `${path}: ${issue.message}`;
}

/** The caller chooses the name of an unknown field: it may be long, or a key that is in the wrong place. */
const printableName = (name: string) => (containsKey(name) ? "(a key)" : name.slice(0, 100));

/** The schema of a whole number in a query. */
export function wholeNumberParameter(min: number, max: number, fallback: number) {
  const problem = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, problem)
    .transform(Number)
    .pipe(z.int().min(min, problem).max(max, problem))
    .default(fallback);
}

/** The query of every list. */
export const PageQuery = z.strictObject({
  limit: wholeNumberParameter(1, 200, 50),
  cursor: z
    .string()
    .transform((text, context) => {
      const cursor = decodeCursor(text);
      if (cursor === null) context.addIssue("must be the next_cursor of another page");
      return cursor;
    })
    .nullable()
    .default(null),
});

export type PageRequest = z.output<typeof PageQuery>;

/** Opaque to callers, and safe in a URL as it is. */
export function encodeCursor(cursor: Cursor | null): string | null {
  if (cursor === null) return null;
  return btoa(`${cursor.at} ${cursor.id}`).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function decodeCursor(text: string): Cursor | null {
  try {
    const decoded = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const [, at, id] = /^([\dT:.Z-]{20,30}) ([\w.]{1,100})$/.exec(decoded) ?? [];
    return at === undefined || id === undefined ? null : { at, id };
  } catch {
    return null;
  }
}
