/** Several organizations at Stytch, found by any of their identifiers, that a test may rename. */
import { type Json, organization, organizationEnvelope } from "./bodies.ts";
import type { TestIsolate } from "./deployment.ts";
import { organizationPath } from "./paths.ts";
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

/** The ID of the organization that a caller is answered with, or the status if that is not 200. */
export async function readOrganizationId(
  reader: TestIsolate,
  key: string,
  identifier: string,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const response = await reader.call(organizationPath(identifier), { key, headers });
  if (response.status !== 200) return response.status;
  return (await response.json<{ organization: Json }>()).organization["organization_id"];
}
