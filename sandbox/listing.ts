/**
 * The lists of what the sandbox holds, so that one can find an organization or a member to read. Pages are in the
 * order of the seed, or from the greatest number downwards if `sort` is given.
 */

import { Hono, type HonoRequest } from "hono";
import { HTTPException } from "hono/http-exception";
import * as z from "zod";
import type { Json, JsonObject, Member } from "./shapes.ts";
import type { Store } from "./store.ts";

const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;
/** Far above what the seed holds; it keeps the text of a number from being read as another number. */
const MAX_OFFSET = 1_000_000;

function integerText(min: number, max: number, fallback: number) {
  const problem = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,7}$/, problem)
    .transform(Number)
    .pipe(z.int().min(min, problem).max(max, problem))
    .default(fallback);
}

const pageFields = {
  limit: integerText(1, MAX_LIMIT, DEFAULT_LIMIT),
  offset: integerText(0, MAX_OFFSET, 0),
};
const organizationsQuery = z.strictObject({
  ...pageFields,
  sort: z.enum(["member_count", "bytes"]).optional(),
});
const membersQuery = z.strictObject({
  ...pageFields,
  /** An ID, slug or external ID. */
  organization_id: z.string().min(1).optional(),
  status: z.string().min(1).optional(),
});

export function createListing(store: Store): Hono {
  const listing = new Hono();

  listing.get("/organizations", (c) => {
    const { limit, offset, sort } = parseQuery(c.req, organizationsQuery);
    const counts = Map.groupBy(store.members(), (member) => member.organization_id);
    const all = store.organizations().map((organization) => ({
      organization_id: organization.organization_id,
      organization_name: organization.organization_name,
      organization_slug: organization.organization_slug,
      organization_external_id: organization["organization_external_id"] ?? null,
      member_count: counts.get(organization.organization_id)?.length ?? 0,
      has_scim: Boolean(organization["scim_active_connection"]),
      bytes: bytesOf(organization),
    }));
    // The sort is stable, so that equal ones stay in the order of the seed.
    if (sort !== undefined) all.sort((a, b) => b[sort] - a[sort]);
    const page = all.slice(offset, offset + limit);
    return c.json({ organizations: page, ...pageEnd(all.length, offset, page.length) });
  });

  listing.get("/members", (c) => {
    const { limit, offset, organization_id: key, status } = parseQuery(c.req, membersQuery);
    const organization = key === undefined ? undefined : store.findOrganization(key);
    if (key !== undefined && organization === undefined) {
      return c.json({ message: "The sandbox has no such organization." }, 404);
    }
    const all = store.members().filter((member) => {
      const isInside = organization === undefined || member.organization_id === organization.organization_id;
      return isInside && (status === undefined || member.status === status);
    });
    const page = all.slice(offset, offset + limit).map(summarizeMember);
    return c.json({ members: page, ...pageEnd(all.length, offset, page.length) });
  });

  return listing;
}

function summarizeMember(member: Member): JsonObject {
  return {
    member_id: member.member_id,
    organization_id: member.organization_id,
    email_address: member.email_address,
    name: member["name"] ?? "",
    status: member.status,
    external_id: member["external_id"] ?? null,
    has_scim: Boolean(member["scim_registration"]),
  };
}

/** `next_offset` is null on the last page. */
function pageEnd(
  total: number,
  offset: number,
  length: number,
): { total: number; next_offset: number | null } {
  const next = offset + length;
  return { total, next_offset: length > 0 && next < total ? next : null };
}

/** The bytes of an object as minified JSON, in UTF-8. */
function bytesOf(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).byteLength;
}

/** Throws an HTTPException with status 400 for an unknown parameter, a bad value, or one that is given twice. */
function parseQuery<T>(request: HonoRequest, schema: z.ZodType<T>): T {
  const values = Object.entries(request.queries());
  const repeated = values.find(([, texts]) => texts.length > 1)?.[0];
  if (repeated !== undefined) throw badQuery(`${repeated} may be given once.`);
  const parsed = schema.safeParse(Object.fromEntries(values.map(([name, [text]]) => [name, text])));
  if (!parsed.success) throw badQuery(z.prettifyError(parsed.error));
  return parsed.data;
}

const badQuery = (message: string) => new HTTPException(400, { message });
