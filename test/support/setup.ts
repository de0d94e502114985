/** The set-up that most tests of the API share: one organization at Stytch, one isolate, one key. */
import type { Scope } from "../../src/keys/record.ts";
import { type Json, organization as newOrganization, organizationEnvelope } from "./bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "./deployment.ts";
import { organizationPath } from "./paths.ts";
import { json, stubUpstream, type Upstream } from "./upstream.ts";

interface SetUpOptions {
  /** Fields of the organization that differ from `organization()` of bodies.ts. */
  readonly organization?: Json;
  /** Scopes of the key; `organizations:read` by default. */
  readonly scopes?: readonly Scope[];
  /** Other fields of the key, for example `rate_limit`. */
  readonly keyFields?: Json;
  /** Used instead of an upstream that answers with this organization alone. */
  readonly upstream?: Upstream;
  /** Variables and bindings of the isolate. */
  readonly overrides?: Record<string, unknown>;
}

export interface OrganizationSetUp {
  readonly isolate: TestIsolate;
  /** Answers every request with `organization`, until a test makes it answer otherwise. It has had no request yet. */
  readonly upstream: Upstream;
  readonly key: string;
  readonly keyId: string;
  /** The organization as Stytch has it now; a getter, so read it from the set-up after `change`. */
  readonly organization: Json;
  /** Its path by ID, and by slug. */
  readonly path: string;
  readonly slugPath: string;
  /** Changes fields of the organization at Stytch. */
  change(fields: Json): void;
  /** What Stytch answers now, for `upstream.answer`. */
  respond(): Response;
}

/** Nothing is cached yet: neither the organization nor a lease of the key. */
export async function setUpOrganization(options: SetUpOptions = {}): Promise<OrganizationSetUp> {
  let organization = newOrganization(options.organization);
  const respond = () => json(organizationEnvelope(organization));
  const upstream = options.upstream ?? stubUpstream(respond);
  const isolate = createIsolate(options.overrides);
  const { key, keyId } = await createKey(isolate, options.scopes, options.keyFields);
  return {
    isolate,
    upstream,
    key,
    keyId,
    get organization() {
      return organization;
    },
    path: organizationPath(organization),
    slugPath: organizationPath(String(organization["organization_slug"])),
    change: (fields) => {
      organization = { ...organization, ...fields };
    },
    respond,
  };
}
