import { expect, test } from "vitest";
import { member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { memberPath } from "../support/paths.ts";
import { answers, asked, json, read, readOrganization, useAnsweringUpstream } from "./answering-upstream.ts";

useAnsweringUpstream();

test.each(["organization_slug", "organization_external_id"])(
  "an organization is served by its %s in the form of an ID, and cached",
  async (field) => {
    const name = `organization-test-${crypto.randomUUID()}`;
    const org = organization({ [field]: name });
    answers.set(name, json(organizationEnvelope(org)));
    expect((await readOrganization(name)).body).toMatchObject({ organization: org });
    expect((await readOrganization(name)).cacheStatus).toMatch(/^postern; hit; /);
    expect((await readOrganization(String(org["organization_id"]))).cacheStatus).toMatch(
      /^postern; (hit|fwd)/,
    );
    expect(asked.get(name)).toBe(1);
  },
);

test("a member is served by an external ID in the form of an ID", async () => {
  const name = `member-test-${crypto.randomUUID()}`;
  const one = member({ external_id: name });
  answers.set(name, json(memberEnvelope(one, organization({ organization_id: one["organization_id"] }))));
  expect((await read(memberPath(name))).body).toMatchObject({ member: one });
});

test("an ID in capitals is the same entry if the upstream answers it", async () => {
  const org = organization();
  const id = String(org["organization_id"]);
  for (const name of [id, id.toUpperCase()]) answers.set(name, json(organizationEnvelope(org)));
  for (const name of [id.toUpperCase(), id, id.toUpperCase()])
    expect((await readOrganization(name)).body).toMatchObject({ organization: org });
  expect((await readOrganization(id.toUpperCase())).cacheStatus).toMatch(/^postern; hit; /);
  expect(asked.get(id.toUpperCase())).toBe(1);
});

test("an answer without the asked ID is 502", async () => {
  const name = `organization-test-${crypto.randomUUID()}`;
  answers.set(name, json(organizationEnvelope(organization({ organization_external_id: "crm|1" }))));
  expect((await readOrganization(name)).outcome).toEqual([502, "upstream_invalid_response"]);
});
