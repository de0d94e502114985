import { expect, test } from "vitest";
import { welcomeText } from "../../dev/welcome.ts";
import { notable } from "../../sandbox/notable.ts";
import { demo } from "../../sandbox/seed.ts";

const secretPart = "k".repeat(50);
const POSTERN = {
  url: "http://127.0.0.1:8787",
  adminToken: "admin-token",
  upstream: "the Stytch API",
  hasDemo: false,
};
const EXPIRES_AT = "2026-11-30T12:00:00Z";

const inFrontOfProject = (environment: "live" | "test") =>
  welcomeText({
    ...POSTERN,
    key: `pst_${environment}_0123456789abcdef_${secretPart}`,
    keyExpiresAt: EXPIRES_AT,
    sandboxUrl: null,
    credentialsText: "Stytch accepts the credentials.",
  });

const inFrontOfSandbox = () =>
  welcomeText({
    ...POSTERN,
    key: `pst_test_0123456789abcdef_${secretPart}`,
    keyExpiresAt: null,
    sandboxUrl: "http://127.0.0.1:8788",
    credentialsText: null,
  });

test.each(["live", "test"] as const)("in front of a %s project, examples have IDs of that kind", (kind) => {
  const text = inFrontOfProject(kind);
  const other = kind === "live" ? "test" : "live";
  expect(text).toContain("in front of the Stytch API.");
  expect(text).toContain(`\nORGANIZATION=organization-${kind}-...\n`);
  expect(text).toContain('"$POSTERN/v1/b2b/organizations/$ORGANIZATION"');
  expect(text).toContain("\nStytch accepts the credentials.\n");
  expect(text).not.toContain(`-${other}-`);
  expect(text).not.toContain("SANDBOX");
});

test("in front of the sandbox, examples name what the sandbox has", () => {
  const text = inFrontOfSandbox();
  expect(text).toContain("the sandbox on http://127.0.0.1:8788");
  expect(text).toContain("\nSANDBOX=http://127.0.0.1:8788/_sandbox\n");
  for (const path of [demo.organization_id, "acme", "crm%7C1001"]) {
    expect(text).toContain(`"$POSTERN/v1/b2b/organizations/${path}"`);
  }
  expect(text).toContain(`/members/dangerously_get/${demo.member_id}"`);
  expect(text).not.toContain("...");
});

test("in front of the sandbox, two lines read what belongs to the organization, and the policies", () => {
  const text = inFrontOfSandbox();
  const parts = `{metrics,connected_apps,member?member_id=${demo.member_id}}`;
  for (const path of [`organizations/acme/${parts}`, "rbac/{policy,organizations/acme}"])
    expect(text).toContain(`curl -iw '\\n' -H "Authorization: Bearer $KEY" "$POSTERN/v1/b2b/${path}"`);
  // Its key reads organizations only.
  expect(inFrontOfProject("test")).not.toMatch(/metrics|rbac/);
});

test("in front of the sandbox, a session reads its organization, and in front of a project there is none", () => {
  const text = inFrontOfSandbox();
  expect(text).toContain('"$POSTERN/admin/session-policy"');
  expect(text).toContain(`"$SANDBOX/sessions" -d '{"member_id": "${demo.member_id}"}'`);
  expect(text).toContain('-H "Authorization: Bearer $SESSION" "$POSTERN/v1/b2b/organizations/acme"');
  expect(text.indexOf("ADMIN_TOKEN=")).toBeLessThan(text.indexOf("/session-policy"));
  expect(inFrontOfProject("test")).not.toContain("SESSION");
});

test("in front of a project, the text says what the key may read and until when", () => {
  const text = inFrontOfProject("live");
  expect(text).toContain(`this key reads organizations only, until ${EXPIRES_AT}`);
  expect(text).toContain("--scope members:dangerously_get");
  expect(text).not.toContain("/members/");
});

test("the last lines name the console's address and the token that signs in", () => {
  for (const text of [inFrontOfSandbox(), inFrontOfProject("live")])
    expect(text).toContain("\nThe console: http://127.0.0.1:8787/console/\nSign in with: admin-token\n");
  // The demo needs the sandbox.
  expect(inFrontOfSandbox()).toContain("npm start -- --demo");
  expect(inFrontOfProject("live")).not.toContain("demo");
});

test("before the demo, the text says that its traffic follows", () => {
  const key = `pst_test_0123456789abcdef_${secretPart}`;
  const rest = { key, keyExpiresAt: null, sandboxUrl: "http://127.0.0.1:8788", credentialsText: null };
  const text = welcomeText({ ...POSTERN, ...rest, hasDemo: true });
  expect(text).toContain("A minute of traffic follows");
  expect(text).not.toContain("npm start -- --demo");
});

test("on another port, the lines for the keys tool name that port", () => {
  const other = { ...POSTERN, url: "http://127.0.0.1:8987", key: `pst_live_0123456789abcdef_${secretPart}` };
  const rest = { keyExpiresAt: EXPIRES_AT, sandboxUrl: null, credentialsText: null };
  expect(welcomeText({ ...other, ...rest })).toContain("\nPORT=8987 npm run keys -- create ");
  expect(inFrontOfProject("live")).toContain("\nnpm run keys -- create ");
});

test("in front of the sandbox, three notable organizations and the lists are named", () => {
  const text = inFrontOfSandbox();
  for (const { organization_slug: slug } of [notable.nonLatin, notable.largest, notable.scim]) {
    expect(text).toContain(`"$POSTERN/v1/b2b/organizations/${slug}"`);
  }
  expect(text).toContain("深圳云帆科技 30");
  expect(text).toContain("60 members");
  expect(text).toContain(`/members/dangerously_get/${notable.scimMember.member_id}"`);
  expect(text).toContain('"$SANDBOX/organizations?limit=20"');
});

test("the forged key differs from the key in one character", () => {
  const text = inFrontOfProject("test");
  const [forged = ""] = /(?<=FORGED_KEY=)\S+/.exec(text) ?? [];
  expect(forged).toBe(`pst_test_0123456789abcdef_${"k".repeat(49)}0`);
});

test("all variables come first, in a block without a comment, and each body ends with a line break", () => {
  for (const text of [inFrontOfSandbox(), inFrontOfProject("live")]) {
    const [, variables = "", commands = ""] = text.split(
      /terminal.*:\n|\nThen paste one command at a time\./,
    );
    expect(variables).toMatch(/^(?:\n[A-Z_]+=\S+)+\n$/);
    expect(commands).not.toMatch(/^(?:POSTERN|KEY|FORGED_KEY|ADMIN_TOKEN|SANDBOX|ORGANIZATION)=/m);
    for (const line of commands.match(/^curl .*$/gm) ?? []) expect(line).toMatch(/^curl -iw '\\n' /);
  }
  expect(inFrontOfProject("live")).toContain("with an organization of your project, by its ID, slug or");
});

test("a read by another name is said to be a miss, once", () => {
  expect(inFrontOfSandbox()).toContain("by its slug: a miss, once for each name\n");
});

/** Pasted comments may not open a quote: zsh does not take them for comments. */
test.each([
  ["a project", inFrontOfProject("live"), 4],
  ["the sandbox", inFrontOfSandbox(), 15],
])("in front of %s, comments hold nothing that a shell acts on", (_, text, count) => {
  const comments = text.match(/^#.*$/gm) ?? [];
  expect(comments).toHaveLength(count);
  for (const comment of comments) expect(comment).not.toMatch(/['"`()*?;&|<>$]/);
});
