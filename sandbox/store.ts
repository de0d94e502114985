/**
 * The organizations and members as they are now: the seed, plus what the control surface changed.
 * The seed's objects are never written to: a change puts a new object in their place.
 */

import { members, organizations } from "./seed.ts";
import type { JsonObject, Member, Organization } from "./shapes.ts";

export class Store {
  #organizations = new Map<string, Organization>();
  #members = new Map<string, Member>();
  /** Slug or external ID to canonical ID. */
  #aliases = new Map<string, string>();

  constructor() {
    this.reset();
  }

  reset(): void {
    this.#organizations = new Map(organizations.map((each) => [each.organization_id, each]));
    this.#members = new Map(members.map((each) => [each.member_id, each]));
    this.#index();
  }

  /** By canonical ID, else by slug, else by external ID; case counts in all three. */
  findOrganization(key: string): Organization | undefined {
    return this.#organizations.get(key) ?? this.#organizations.get(this.#aliases.get(key) ?? "");
  }

  findMember(id: string): Member | undefined {
    return this.#members.get(id);
  }

  /** Any organization but this one. */
  findOtherOrganization(id: string): Organization | undefined {
    for (const organization of this.#organizations.values()) {
      if (organization.organization_id !== id) return organization;
    }
    return undefined;
  }

  /** The caller sees to it that the ID is not among the fields. */
  patchOrganization(id: string, fields: JsonObject): Organization | undefined {
    const organization = this.#organizations.get(id);
    if (organization === undefined) return undefined;
    const patched = { ...organization, ...fields };
    this.#organizations.set(id, patched);
    this.#index();
    return patched;
  }

  /** The caller sees to it that neither ID is among the fields. */
  patchMember(id: string, fields: JsonObject): Member | undefined {
    const member = this.#members.get(id);
    if (member === undefined) return undefined;
    const patched = { ...member, ...fields };
    this.#members.set(id, patched);
    return patched;
  }

  /** Its members go with it, as they do upstream. */
  deleteOrganization(id: string): boolean {
    if (!this.#organizations.delete(id)) return false;
    for (const member of this.#members.values()) {
      if (member.organization_id === id) this.#members.delete(member.member_id);
    }
    this.#index();
    return true;
  }

  #index(): void {
    this.#aliases.clear();
    for (const {
      organization_id: id,
      organization_external_id: externalId,
    } of this.#organizations.values()) {
      if (typeof externalId === "string") this.#aliases.set(externalId, id);
    }
    // Slugs last: a string that is a slug here and an external ID there names the slug's organization.
    for (const { organization_id: id, organization_slug: slug } of this.#organizations.values()) {
      this.#aliases.set(slug, id);
    }
  }
}
