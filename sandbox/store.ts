/**
 * The current organizations and members: the seed plus the changes made through the controls.
 * A change replaces an object and never edits it, so the seed stays intact.
 */

import { getMembers, organizations } from "./seed.ts";
import type { JsonObject, Member, Organization } from "./shapes.ts";

export class Store {
  #organizations = new Map<string, Organization>();
  /** By ID; undefined until they are needed. */
  #membersById: Map<string, Member> | undefined;
  /** Maps a slug or external ID to the canonical ID. */
  #aliases = new Map<string, string>();

  constructor() {
    this.reset();
  }

  reset(): void {
    this.#organizations = new Map(
      organizations.map((organization) => [organization.organization_id, organization]),
    );
    this.#membersById = undefined;
    this.#rebuildAliases();
  }

  get #members(): Map<string, Member> {
    this.#membersById ??= new Map(getMembers().map((member) => [member.member_id, member]));
    return this.#membersById;
  }

  /** All of them, in the order of the seed. The array is the caller's own. */
  organizations(): Organization[] {
    return [...this.#organizations.values()];
  }

  members(): Member[] {
    return [...this.#members.values()];
  }

  /** Finds by canonical ID, then by slug, then by external ID. All three are case-sensitive. */
  findOrganization(key: string): Organization | undefined {
    return this.#organizations.get(key) ?? this.#organizations.get(this.#aliases.get(key) ?? "");
  }

  findMember(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** The members of an organization, deleted ones included, in the order of the seed. */
  membersOf(organizationId: string): Member[] {
    return [...this.#members.values()].filter(({ organization_id: id }) => id === organizationId);
  }

  /** Returns some organization that does not have this ID. */
  findOtherOrganization(id: string): Organization | undefined {
    for (const organization of this.#organizations.values()) {
      if (organization.organization_id !== id) return organization;
    }
    return undefined;
  }

  /** The fields must not contain the ID; the caller checks this. */
  patchOrganization(id: string, fields: JsonObject): Organization | undefined {
    const organization = this.#organizations.get(id);
    if (organization === undefined) return undefined;
    const patched = { ...organization, ...fields };
    this.#organizations.set(id, patched);
    this.#rebuildAliases();
    return patched;
  }

  /** The fields must contain neither ID; the caller checks this. */
  patchMember(id: string, fields: JsonObject): Member | undefined {
    const member = this.#members.get(id);
    if (member === undefined) return undefined;
    const patched = { ...member, ...fields };
    this.#members.set(id, patched);
    return patched;
  }

  /** Also deletes the organization's members, as Stytch does. */
  deleteOrganization(id: string): boolean {
    if (!this.#organizations.delete(id)) return false;
    for (const member of this.#members.values()) {
      if (member.organization_id === id) this.#members.delete(member.member_id);
    }
    this.#rebuildAliases();
    return true;
  }

  #rebuildAliases(): void {
    this.#aliases.clear();
    for (const {
      organization_id: id,
      organization_external_id: externalId,
    } of this.#organizations.values()) {
      if (typeof externalId === "string") this.#aliases.set(externalId, id);
    }
    // Slugs come last, so that a slug wins over an equal external ID of another organization.
    for (const { organization_id: id, organization_slug: slug } of this.#organizations.values()) {
      this.#aliases.set(slug, id);
    }
  }
}
