/** Several organizations at Stytch, found by any of their identifiers, that a test may rename. */
import { type Json, organization, organizationEnvelope } from "./bodies.ts";
import { json, stubUpstream, stytchError, type Upstream } from "./upstream.ts";

export class OrganizationsAtStytch {
  readonly upstream: Upstream;
  #organizations: Json[];

  constructor(count: number) {
    this.#organizations = Array.from({ length: count }, () => organization());
    this.upstream = stubUpstream(({ url }) => this.respond(url));
  }

  idOf(index: number): string {
    return String(this.#organizations[index]?.["organization_id"]);
  }

  slugOf(index: number): string {
    return String(this.#organizations[index]?.["organization_slug"]);
  }

  change(index: number, fields: Json): void {
    this.#organizations = this.#organizations.map((one, i) => (i === index ? { ...one, ...fields } : one));
  }

  /** As Stytch answers: by ID, else by slug, else by external ID. */
  respond(url: string): Response {
    const identifier = decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "");
    for (const field of ["organization_id", "organization_slug", "organization_external_id"]) {
      const found = this.#organizations.find((one) => one[field] === identifier);
      if (found !== undefined) return json(organizationEnvelope(found));
    }
    return stytchError(404, "organization_not_found");
  }
}
