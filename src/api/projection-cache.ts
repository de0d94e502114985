/**
 * An object as one caller sees it: whole, or the fields that its key or session keeps. The cache knows nothing of
 * callers, so this comes after it.
 */
import { computeEtag, type Entry } from "../cache/entry.ts";
import type { Access } from "../keys/access.ts";
import { project } from "../keys/field-projection.ts";
import { parseExactly } from "../platform/exact-json.ts";

export interface Projection {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Names its entry by request time and ETag, since a reference to the entry would keep the entry's body in memory. */
interface CachedProjection {
  readonly requestedAt: number;
  readonly etag: string;
  readonly projection: Projection;
}

/** What a projection costs beside its body and name, such as its last headers. A generous guess. */
const PROJECTION_OVERHEAD_BYTES = 1_536;

/** This is in addition to the memory of the entries themselves. */
const MAX_PROJECTION_BYTES = 8 * 1024 * 1024;

/** The projections that an isolate has computed, so that each is computed once. The oldest is dropped first. */
export class ProjectionCache {
  readonly #projections = new Map<string, CachedProjection>();
  #bytes = 0;

  /** Bounded by `MAX_PROJECTION_BYTES`. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#projections.size;
  }

  /** The fields of an entry at these dot paths. Parses JSON only if it has not computed this projection before. */
  async projectOrganization(entry: Entry, paths: readonly string[]): Promise<Projection> {
    const name = JSON.stringify([entry.organizationId, paths]);
    const cached = this.#projections.get(name);
    if (cached?.requestedAt === entry.requestedAt && cached.etag === entry.etag) return cached.projection;
    const { organization, request_id, status_code } = parseExactly(entry.body);
    const projected = project(organization, paths);
    const projection = {
      body: encodeJson({ organization: projected, request_id, status_code }),
      etag: await computeEtag(projected),
    };
    this.#drop(name);
    this.#projections.set(name, { requestedAt: entry.requestedAt, etag: entry.etag, projection });
    this.#bytes += projectionSize(name, projection);
    for (const oldest of this.#projections.keys()) {
      if (this.#bytes <= MAX_PROJECTION_BYTES) break;
      this.#drop(oldest);
    }
    return projection;
  }

  #drop(name: string): void {
    const cached = this.#projections.get(name);
    if (cached === undefined) return;
    this.#projections.delete(name);
    this.#bytes -= projectionSize(name, cached.projection);
  }
}

/** A member's response, reduced to the caller's fields, with its organization reduced to those of organizations. */
export function projectMember(
  body: Uint8Array<ArrayBuffer>,
  fields: Access["fields"],
): Uint8Array<ArrayBuffer> {
  const memberPaths = fields?.member ?? null;
  const organizationPaths = fields?.organization ?? null;
  if (memberPaths === null && organizationPaths === null) return body;
  const { member, member_id, organization, request_id, status_code } = parseExactly(body);
  return encodeJson({
    member: memberPaths === null ? member : project(member, memberPaths),
    member_id,
    organization: organizationPaths === null ? organization : project(organization, organizationPaths),
    request_id,
    status_code,
  });
}

const projectionSize = (name: string, { body }: Projection) =>
  body.byteLength + 2 * name.length + PROJECTION_OVERHEAD_BYTES;

/** Envelope fields that Stytch left out are undefined here, and stay out. */
function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;
}
