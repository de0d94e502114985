/**
 * An answer as one caller sees it: whole, or what its key's fields keep. The cache knows nothing of keys, so this comes after it.
 */
import { computeEtag, type Entry } from "../cache/entry.ts";
import { project } from "../keys/field-projection.ts";
import type { KeyRecord } from "../keys/record.ts";
import { parseExactly } from "../platform/exact-json.ts";

export interface Projection {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Views of entries that an isolate made, so that each is made once: by organization and fields. The oldest goes first. */
export interface ProjectionCache {
  readonly entries: Map<string, CachedProjection>;
  bytes: number;
}

/** Which entry it is of is told by its time and ETag: to keep the entry would keep its body. */
interface CachedProjection {
  readonly requestedAt: number;
  readonly etag: string;
  readonly projection: Projection;
}

/** What a view costs beside its body and name, its last headers among it: a guess on the high side. */
const PROJECTION_OVERHEAD_BYTES = 1_536;

/** Beside the entries themselves. */
const MAX_PROJECTION_BYTES = 8 * 1024 * 1024;

export const createProjectionCache = (): ProjectionCache => ({ entries: new Map(), bytes: 0 });

/** What a key with these fields sees of an entry. Parses JSON once for an entry. */
export async function projectOrganization(
  views: ProjectionCache,
  entry: Entry,
  paths: readonly string[],
): Promise<Projection> {
  const name = JSON.stringify([entry.organizationId, paths]);
  const before = views.entries.get(name);
  if (before?.requestedAt === entry.requestedAt && before.etag === entry.etag) return before.projection;
  const { organization, request_id, status_code } = parseExactly(entry.body);
  const projected = project(organization, paths);
  const projection = {
    body: encodeJson({ organization: projected, request_id, status_code }),
    etag: await computeEtag(projected),
  };
  dropProjection(views, name);
  views.entries.set(name, { requestedAt: entry.requestedAt, etag: entry.etag, projection });
  views.bytes += projectionSize(name, projection);
  for (const oldest of views.entries.keys()) {
    if (views.bytes <= MAX_PROJECTION_BYTES) break;
    dropProjection(views, oldest);
  }
  return projection;
}

/** The organization in a member's answer obeys the key's fields of an organization. */
export function projectMember(
  body: Uint8Array<ArrayBuffer>,
  fields: KeyRecord["fields"],
): Uint8Array<ArrayBuffer> {
  const ofMember = fields?.member ?? null;
  const ofOrganization = fields?.organization ?? null;
  if (ofMember === null && ofOrganization === null) return body;
  const { member, member_id, organization, request_id, status_code } = parseExactly(body);
  return encodeJson({
    member: ofMember === null ? member : project(member, ofMember),
    member_id,
    organization: ofOrganization === null ? organization : project(organization, ofOrganization),
    request_id,
    status_code,
  });
}

function dropProjection(views: ProjectionCache, name: string): void {
  const made = views.entries.get(name);
  if (made === undefined) return;
  views.entries.delete(name);
  views.bytes -= projectionSize(name, made.projection);
}

const projectionSize = (name: string, view: Projection) =>
  view.body.byteLength + 2 * name.length + PROJECTION_OVERHEAD_BYTES;

/** Fields of the envelope that Stytch left out stay out. */
function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;
}
