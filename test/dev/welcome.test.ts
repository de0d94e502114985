import { expect, test } from "vitest";
import { welcomeText } from "../../dev/welcome.ts";
import { demo } from "../../sandbox/seed.ts";

const secretPart = "k".repeat(50);
const POSTERN = { url: "http://127.0.0.1:8787", adminToken: "admin-token", upstream: "the Stytch API" };

const inFrontOfProject = (environment: "live" | "test") =>
  welcomeText({ ...POSTERN, key: `pst_${environment}_0123456789abcdef_${secretPart}`, sandboxUrl: null });

test.each(["live", "test"] as const)("in front of a %s project, examples have IDs of that kind", (kind) => {
  const text = inFrontOfProject(kind);
  const other = kind === "live" ? "test" : "live";
  expect(text).toContain("in front of the Stytch API.");
  expect(text).toContain(`\nORGANIZATION=organization-${kind}-...\n`);
  expect(text).toContain(`\nMEMBER=member-${kind}-...\n`);
  expect(text).toContain('"$POSTERN/v1/b2b/organizations/$ORGANIZATION"');
  expect(text).toContain('"$POSTERN/v1/b2b/organizations/members/dangerously_get/$MEMBER"');
  expect(text).not.toContain(`-${other}-`);
  expect(text).not.toContain("SANDBOX");
});

test("in front of the sandbox, examples name what the sandbox has", () => {
  const key = `pst_test_0123456789abcdef_${secretPart}`;
  const text = welcomeText({ ...POSTERN, key, sandboxUrl: "http://127.0.0.1:8788" });
  expect(text).toContain("the sandbox on http://127.0.0.1:8788");
  expect(text).toContain("\nSANDBOX=http://127.0.0.1:8788/_sandbox\n");
  for (const path of [demo.organization_id, "acme", "crm%7C1001"]) {
    expect(text).toContain(`"$POSTERN/v1/b2b/organizations/${path}"`);
  }
  expect(text).toContain(`/members/dangerously_get/${demo.member_id}"`);
  expect(text).not.toContain("...");
});

test("the forged key differs from the key in one character", () => {
  const text = inFrontOfProject("test");
  const [forged = ""] = /(?<=FORGED_KEY=)\S+/.exec(text) ?? [];
  expect(forged).toBe(`pst_test_0123456789abcdef_${"k".repeat(49)}0`);
});

/** Pasted comments may not open a quote: zsh does not take them for comments. */
test("comments among the commands contain no quotes, parentheses or wildcards", () => {
  const comments = inFrontOfProject("live").match(/^#.*$/gm) ?? [];
  expect(comments).toHaveLength(5);
  for (const comment of comments) expect(comment).not.toMatch(/['"`()*?]/);
});
