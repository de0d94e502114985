/** A deployment whose Stytch has one organization, and an isolate with a key that reads it, before each test of a file. */
import { beforeEach } from "vitest";
import { type Json, organization, organizationEnvelope } from "./bodies.ts";
import { useClock } from "./clock.ts";
import { createIsolate, createKey, type TestIsolate } from "./deployment.ts";
import { organizationPath } from "./paths.ts";
import { json, stubUpstream, type Upstream } from "./upstream.ts";

export let isolate: TestIsolate;
export let upstream: Upstream;
export let key: string;
/** What Stytch answers now. */
export let org: Json;
export let path: string;
export let slugPath: string;

/** Call it at the top of a file. Nothing has been read before a test. Returns the file's clock. */
export function useOrganization() {
  const clock = useClock();
  beforeEach(async () => {
    org = organization({ organization_external_id: `crm|${crypto.randomUUID()}` });
    path = organizationPath(org);
    slugPath = organizationPath(String(org["organization_slug"]));
    upstream = stubUpstream(() => json(organizationEnvelope(org)));
    isolate = createIsolate();
    ({ key } = await createKey(isolate, ["organizations:read"]));
  });
  return clock;
}

/** The same, and the isolate has read the organization by its ID before each test. */
export function useCachedOrganization() {
  const clock = useOrganization();
  beforeEach(async () => {
    await isolate.call(path, { key });
  });
  return clock;
}

/** From now on, Stytch answers with these fields. */
export function change(fields: Json): void {
  org = { ...org, ...fields };
}

export const rename = (name: string) => change({ organization_name: name });
