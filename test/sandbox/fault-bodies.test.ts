import { describe, expect, test } from "vitest";
import { demo, organizations } from "../../sandbox/seed.ts";
import type { JsonObject } from "../../sandbox/shapes.ts";
import { acme, addFault, getMember, getWithFault, useSandbox } from "./harness.ts";

useSandbox();

describe("bodies with wrong content", () => {
  test("deep nests 20,000 arrays in trusted_metadata and changes nothing else", async () => {
    const text = await (await getWithFault({ kind: "deep" })).text();
    const nested = "[".repeat(20_000) + "]".repeat(20_000);
    expect(text.split(nested)).toHaveLength(2);
    const body = JSON.parse(text.replace(nested, "0"));
    expect(body.organization).toEqual({ ...acme, trusted_metadata: { nested: 0 } });
  });

  test("huge sends valid JSON of exactly 3 MiB", async () => {
    const bytes = await (await getWithFault({ kind: "huge" })).arrayBuffer();
    expect(bytes.byteLength).toBe(3 * 1024 * 1024);
    const body = JSON.parse(new TextDecoder().decode(bytes));
    expect(body.organization.organization_id).toBe(demo.organization_id);
  });

  test("huge changes the member of a member response, not its organization", async () => {
    await addFault({ kind: "huge" });
    const body = await (await getMember(demo.member_id)).json<{
      member: JsonObject;
      organization: JsonObject;
    }>();
    expect(body.member).toHaveProperty("trusted_metadata", { padding: expect.stringMatching(/^x+$/) });
    expect(body.organization).toEqual(acme);
  });

  test("invalid_utf8 makes one byte of an otherwise valid JSON body invalid", async () => {
    const bytes = await (await getWithFault({ kind: "invalid_utf8" })).arrayBuffer();
    expect(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes)).toThrow();
    const lenient = JSON.parse(new TextDecoder().decode(bytes));
    expect(lenient).toHaveProperty("organization.trusted_metadata.text", "\ufffd");
  });

  test("missing_field removes the field from the organization and nothing else", async () => {
    const response = await getWithFault({ kind: "missing_field", field: "organization_slug" });
    const { organization_slug: _, ...rest } = acme ?? {};
    expect(await response.json()).toHaveProperty("organization", rest);
  });

  test("missing_field removes the field from both the member and its organization", async () => {
    await addFault({ kind: "missing_field", field: "organization_id" });
    const body = await (await getMember(demo.member_id)).json<JsonObject>();
    expect(body).not.toHaveProperty("member.organization_id");
    expect(body).not.toHaveProperty("organization.organization_id");
    expect(body).toHaveProperty("member.member_id", demo.member_id);
  });

  test("missing_field removes the field from the envelope if no object has it", async () => {
    const body = await (await getWithFault({ kind: "missing_field", field: "request_id" })).json();
    expect(body).toEqual({ organization: acme, status_code: 200 });
  });

  test.each([
    ["organization_name", 12_345],
    ["email_allowed_domains", "mistyped"],
    ["trusted_metadata", "mistyped"],
  ])("mistyped_field changes %s to %s", async (field, value) => {
    const response = await getWithFault({ kind: "mistyped_field", field });
    expect(await response.json()).toHaveProperty("organization", { ...acme, [field]: value });
  });

  test("other_organization returns an organization that was not requested", async () => {
    const body = await (await getWithFault({ kind: "other_organization" })).json<{
      organization: JsonObject;
    }>();
    expect(organizations.slice(1)).toContainEqual(body.organization);
  });

  test("other_organization keeps the member of a member response", async () => {
    await addFault({ kind: "other_organization" });
    const body = await (await getMember(demo.member_id)).json();
    expect(body).toHaveProperty("member.organization_id", demo.organization_id);
    expect(body).not.toHaveProperty("organization.organization_id", demo.organization_id);
  });

  test.each(["missing_field", "mistyped_field"])(
    "%s does not change a response that lacks the field",
    async (kind) => {
      const response = await getWithFault(
        { kind, field: "organization_slug" },
        "/v1/b2b/organizations/nobody",
      );
      expect(await response.json()).toMatchObject({ error_type: "organization_not_found", status_code: 404 });
    },
  );
});
