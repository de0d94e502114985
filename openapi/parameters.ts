/** The parameters that several operations have. */
import { demo } from "../sandbox/seed.ts";
import type { JsonSchema } from "./clean-schema.ts";
import type { Parameter } from "./operation.ts";
import { demoApp } from "./sandbox-answers.ts";
import { QUERIES, type QueryParameter } from "./schemas.ts";

const identifier: JsonSchema = { type: "string", minLength: 1, maxLength: 256, pattern: "^[^/\\\\?#%]+$" };

/** By the names of Hono's patterns, which are Stytch's. */
const PATH_PARAMETERS: Readonly<Record<string, Parameter>> = {
  organization_id: {
    name: "organization_id",
    in: "path",
    description: "The ID, slug or external ID of an organization, percent-encoded.",
    schema: identifier,
    example: demo.organization_slug,
  },
  member_id: {
    name: "member_id",
    in: "path",
    description: "The ID or external ID of a member, percent-encoded.",
    schema: identifier,
    example: demo.member_id,
  },
  connected_app_id: {
    name: "connected_app_id",
    in: "path",
    description: "The ID of a connected app.",
    schema: identifier,
    example: demoApp.connected_app_id,
  },
  project_id: {
    name: "project_id",
    in: "path",
    description: "The deployment's own Stytch project.",
    schema: { type: "string" },
    example: "project-test-11111111-1111-4111-8111-111111111111",
  },
  key_id: {
    name: "key_id",
    in: "path",
    description: "The ID of a key.",
    schema: { type: "string", pattern: "^[0-9a-z]{16}$" },
    example: "0f3k9zq2m4x7w1ab",
  },
};

/** The parameters of a path in Hono's or OpenAPI's form. */
export function pathParameters(path: string): Parameter[] {
  return [...path.matchAll(/[:{](\w+)/g)].map(([, name = ""]) => {
    const known = PATH_PARAMETERS[name];
    if (known === undefined) throw new Error(`The parameter ${name} of ${path} is not described.`);
    return known;
  });
}

const QUERY_TEXTS: Readonly<Record<string, readonly [description: string, example: string | number]>> = {
  hours: ["How many hours, up to the current one.", 24],
  limit: ["How many items a page has.", 50],
  cursor: ["`next_cursor` of the page before.", "MjAyNi0xMS0yMVQyMDowMDowMC4wMDBaIDBmM2s5enEybTR4N3cxYWI"],
  q: ["Keeps keys whose name or ID contains the text, in any case.", "acme"],
  status: ["Keeps keys with this status.", "active"],
};

export function queryParametersOf(query: keyof typeof QUERIES): Parameter[] {
  return QUERIES[query].map(({ name, schema }: QueryParameter) => {
    const [description, example] = QUERY_TEXTS[name] ?? [];
    if (description === undefined || example === undefined)
      throw new Error(`The parameter ${name} is not described.`);
    return { name, in: "query", description, schema, example };
  });
}

export const IF_NONE_MATCH: Parameter = {
  name: "If-None-Match",
  in: "header",
  description: "The ETag of an answer that the caller has, a list of them, or `*`. Compared weakly.",
  schema: { type: "string" },
  example: 'W/"5c1c7d9f0b1e4a2f8d3e6a7b9c0d1e2f"',
};

export const POSTERN_CACHE: Parameter = {
  name: "Postern-Cache",
  in: "header",
  description: "`refresh` reads from Stytch, whatever is cached. It needs the scope `cache:refresh`.",
  schema: { type: "string" },
  example: "refresh",
};
