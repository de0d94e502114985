/** What an admin call asks for: its JSON body or its query, checked, or a refusal that names the field. */

import * as z from "zod";
import type { Cursor } from "../directory/directory.ts";
import type { Failure } from "../errors.ts";
import { readBounded } from "../platform/bounded-body.ts";
import { parseJson } from "../platform/bounded-json.ts";
import type { RequestContext } from "../request-context.ts";

export const MAX_ADMIN_BODY_BYTES = 64 * 1024;

export type ParsedRequest<T> =
  | { readonly value: T; readonly failure?: never }
  | { readonly failure: Failure };

export const invalidRequest = (message: string): Failure => ({ type: "invalid_request", message });

/** The body; `empty` stands for one that is not there. */
export async function readBody<S extends z.ZodType>(
  context: RequestContext,
  schema: S,
  empty?: unknown,
): Promise<ParsedRequest<z.output<S>>> {
  const bytes = await readBounded(MAX_ADMIN_BODY_BYTES, context.request.body);
  if (bytes === undefined)
    return { failure: invalidRequest(`the body must have at most ${MAX_ADMIN_BODY_BYTES} bytes`) };
  const json = bytes.byteLength === 0 && empty !== undefined ? empty : parseJson(bytes);
  return json === undefined ? { failure: invalidRequest("the body must be JSON") } : check(json, schema);
}

export function readQuery<S extends z.ZodType>(
  context: RequestContext,
  schema: S,
): ParsedRequest<z.output<S>> {
  return check(Object.fromEntries(new URL(context.request.url).searchParams), schema);
}

function check<S extends z.ZodType>(json: unknown, schema: S): ParsedRequest<z.output<S>> {
  const parsed = schema.safeParse(json);
  return parsed.success ? { value: parsed.data } : { failure: invalidRequest(describeProblem(parsed.error)) };
}

/** The first problem, with the field that has it. Values are not repeated. */
function describeProblem(error: z.ZodError): string {
  // An unknown field first: it is often a known one misspelt, which is then missing.
  const issue = error.issues.find(({ code }) => code === "unrecognized_keys") ?? error.issues[0];
  if (issue === undefined) return "the body is invalid";
  const path = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    return `${[...issue.path, issue.keys[0]].join(".").slice(0, 100)}: unknown field`;
  }
  return path === "" ? "the body must be a JSON object" : `${path}: ${issue.message}`;
}

/** A whole number in a query. */
export function wholeNumberParameter(least: number, most: number, fallback: number) {
  const problem = `must be a whole number from ${least} to ${most}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, problem)
    .transform(Number)
    .refine((value) => value >= least && value <= most, problem)
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

/** Opaque to who reads it, and fit for a URL as it is. */
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
