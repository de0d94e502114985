/**
 * An answer as one caller sees it: whole, or what its key's fields keep. The cache knows nothing of keys, so this comes after it.
 */
import { type Entry, etagOf } from "../cache/entry.ts";
import { project } from "../keys/field-projection.ts";
import type { KeyRecord } from "../keys/record.ts";
import { parseExactly } from "../platform/exact-json.ts";

export interface View {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

/** Views of entries that an isolate made, so that each is made once: by organization and fields. The oldest goes first. */
export interface Views {
  readonly made: Map<string, Made>;
  bytes: number;
}

/** Which entry it is of is told by its time and ETag: to keep the entry would keep its body. */
interface Made {
  readonly began: number;
  readonly etag: string;
  readonly view: View;
}

/** What a view costs beside its body and name, its last headers among it: a guess on the high side. */
const OVERHEAD_BYTES = 1_536;

/** Beside the entries themselves. */
const MOST_BYTES = 8 * 1024 * 1024;

export const noViews = (): Views => ({ made: new Map(), bytes: 0 });

/** What a key with these fields sees of an entry. Parses JSON once for an entry. */
export async function organizationView(views: Views, entry: Entry, paths: readonly string[]): Promise<View> {
  const name = JSON.stringify([entry.organizationId, paths]);
  const before = views.made.get(name);
  if (before?.began === entry.began && before.etag === entry.etag) return before.view;
  const { organization, request_id, status_code } = parseExactly(entry.body);
  const projected = project(organization, paths);
  const view = {
    body: bytesOf({ organization: projected, request_id, status_code }),
    etag: await etagOf(projected),
  };
  drop(views, name);
  views.made.set(name, { began: entry.began, etag: entry.etag, view });
  views.bytes += sizeOf(name, view);
  for (const oldest of views.made.keys()) {
    if (views.bytes <= MOST_BYTES) break;
    drop(views, oldest);
  }
  return view;
}

/** The organization in a member's answer obeys the key's fields of an organization. */
export function memberView(
  body: Uint8Array<ArrayBuffer>,
  fields: KeyRecord["fields"],
): Uint8Array<ArrayBuffer> {
  const ofMember = fields?.member ?? null;
  const ofOrganization = fields?.organization ?? null;
  if (ofMember === null && ofOrganization === null) return body;
  const { member, member_id, organization, request_id, status_code } = parseExactly(body);
  return bytesOf({
    member: ofMember === null ? member : project(member, ofMember),
    member_id,
    organization: ofOrganization === null ? organization : project(organization, ofOrganization),
    request_id,
    status_code,
  });
}

function drop(views: Views, name: string): void {
  const made = views.made.get(name);
  if (made === undefined) return;
  views.made.delete(name);
  views.bytes -= sizeOf(name, made.view);
}

const sizeOf = (name: string, view: View) => view.body.byteLength + 2 * name.length + OVERHEAD_BYTES;

/** Fields of the envelope that Stytch left out stay out. */
function bytesOf(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;
}
