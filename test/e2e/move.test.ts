/** A deployment is moved: export from one, import into a fresh one, and an old key reads through the new one. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { KEY_SECRET } from "../../dev/credentials.ts";
import { type SandboxedPostern, startSandboxedPosterns } from "../../dev/sandboxed-postern.ts";
import { demo } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";
import { expectError, runKeys, TOKEN } from "./keys-process.ts";

const NEXT_SECRET = "e2e-canary-of-the-next-key-secret-0123456789";
const OTHER_PROJECT = "project-test-33333333-3333-4333-8333-333333333333";

let directory: string;
/** Keys are exported from `old`. All others are fresh, and each has a test of its own. */
const DEPLOYMENTS = {
  old: { ADMIN_TOKEN: TOKEN },
  rotating: { ADMIN_TOKEN: TOKEN, KEY_SECRET: NEXT_SECRET, KEY_SECRET_PREVIOUS: KEY_SECRET },
  rotated: { ADMIN_TOKEN: TOKEN, KEY_SECRET: NEXT_SECRET },
  strange: { ADMIN_TOKEN: TOKEN, KEY_SECRET: NEXT_SECRET },
  changed: { ADMIN_TOKEN: TOKEN },
  ofOtherProject: { ADMIN_TOKEN: TOKEN, STYTCH_PROJECT_ID: OTHER_PROJECT },
};
let posterns: Record<keyof typeof DEPLOYMENTS, SandboxedPostern>;
let old: SandboxedPostern;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "move-"));
  posterns = await startSandboxedPosterns(DEPLOYMENTS);
  ({ old } = posterns);
});
afterAll(async () => {
  expect(old.logs()).not.toEqual([]);
  expect(old.logs().filter((line) => line.includes(NEXT_SECRET))).toEqual([]);
  await old.stop();
  rmSync(directory, { recursive: true });
});

async function run(postern: SandboxedPostern, ...args: string[]) {
  const result = await runKeys(args, { POSTERN_URL: postern.url, POSTERN_ADMIN_TOKEN: TOKEN });
  for (const secret of [KEY_SECRET, NEXT_SECRET]) expect(result.out + result.err).not.toContain(secret);
  return result;
}
const document = async (postern: SandboxedPostern, ...args: string[]) =>
  JSON.parse((await run(postern, ...args, "--json")).out);

async function read(postern: SandboxedPostern, key: string): Promise<string> {
  const response = await fetch(postern.url + organizationPath(demo.organization_slug), {
    headers: { Authorization: `Bearer ${key}` },
  });
  const body = (await response.json()) as { error_type?: string };
  return `${response.status} ${body.error_type ?? "ok"}`;
}

async function create(postern: SandboxedPostern, ...args: string[]) {
  const scope = ["--name", "Acme partner", "--scope", "organizations:read"];
  return (await document(postern, "create", ...scope, ...args)) as { key: string; key_id: string };
}
const rotate = async (postern: SandboxedPostern, keyId: string, overlap: string) =>
  (await document(postern, "rotate", keyId, "--yes", "--overlap", overlap)).key as string;

test("old keys read through a fresh deployment after an export and an import", async () => {
  const { key: away, key_id: keyId } = await create(old, "--limit", "100/60");
  const overlapping = await rotate(old, keyId, "0");
  const latest = await rotate(old, keyId, "1h");
  const { key: revoked, key_id: revokedId } = await create(old);
  await run(old, "revoke", revokedId, "--yes");
  await run(old, "sessions", "policy", "set", "--scope", "organizations:read");
  const policy = await document(old, "sessions", "policy", "show");

  const file = join(directory, "backup.jsonl");
  const exported = await run(old, "export", "--file", file);
  expect(exported).toMatchObject({
    code: 0,
    out: expect.stringContaining("Exported 2 keys, the session policy and "),
  });
  const text = readFileSync(file, "utf8");
  for (const key of [away, overlapping, latest, revoked]) expect(text).not.toContain(key.slice(26));
  for (const secret of [KEY_SECRET, TOKEN]) expect(text).not.toContain(secret);
  expect(text).toContain('"action":"key.rotated"');
  expect(statSync(file).mode & 0o777).toBe(0o600);

  const fresh = posterns.rotating;
  expect((await document(fresh, "list")).keys).toEqual([]);
  const imported = await run(fresh, "import", "--file", file);
  expect(imported).toMatchObject({
    code: 0,
    out: expect.stringMatching(
      /^Imported 2 keys; 0 updated, 0 unchanged, 0 kept, 0 refused\.\nThe session policy is set\./,
    ),
  });
  expect(imported.out).toMatch(/The \d+ events of the audit stay in the file/);
  const keys = [away, overlapping, latest, revoked];
  const states = await Promise.all(keys.map(async (key) => await read(fresh, key)));
  expect(states).toEqual(["401 revoked_key", "200 ok", "200 ok", "401 revoked_key"]);
  expect(await document(fresh, "list")).toEqual(await document(old, "list"));
  expect(await document(fresh, "sessions", "policy", "show")).toEqual(policy);
  expect((await run(fresh, "audit")).out).toMatch(/key\.imported +\w{16} +token/);

  const events = async () => (await document(fresh, "audit")).events.length as number;
  const before = await events();
  expect(await document(fresh, "import", "--file", file)).toMatchObject({
    ...{ imported: 0, updated: 0, unchanged: 2, kept: [], refused: [], session_policy: "unchanged" },
  });
  expect(await events()).toBe(before);

  // The rotation of KEY_SECRET ends when every key is one of the new secret.
  const next = await rotate(fresh, keyId, "0");
  const all = join(directory, "next.jsonl");
  await run(fresh, "export", "--file", all);
  const done = posterns.rotated;
  await run(done, "import", "--file", all);
  expect([await read(done, next), await read(done, latest)]).toEqual(["200 ok", "401 invalid_key"]);
});

test("with another KEY_SECRET an import works, and none of the keys does", async () => {
  const { key } = await create(old);
  const file = join(directory, "other.jsonl");
  await run(old, "export", "--file", file);
  const other = posterns.strange;
  const imported = await run(other, "import", "--file", file);
  expect(imported.err).toContain("Try one of the old keys");
  expect(await read(other, key)).toBe("401 invalid_key");
});

test("a changed key is kept, and a record that does not validate is refused by name", async () => {
  const fresh = posterns.changed;
  const { key_id: changed } = await create(old);
  const { key: good } = await create(old);
  const { key_id: bad } = await create(old);
  const file = join(directory, "conflict.jsonl");
  await run(old, "export", "--file", file);
  await run(fresh, "import", "--file", file);
  await run(fresh, "edit", changed, "--name", "Changed here");
  const damaged = readFileSync(file, "utf8").replace(
    new RegExp(`("key_id":"${bad}".*"scopes":\\[)"organizations:read"`),
    '$1"everything"',
  );
  const other = join(directory, "damaged.jsonl");
  writeFileSync(other, damaged);
  const imported = await run(fresh, "import", "--file", other);
  expect(imported.code).toBe(1);
  expect(imported.out).toMatch(/1 kept, 1 refused\./);
  expect(imported.out).toContain(`refused ${bad}: scopes.0: must be one of organizations:read`);
  expect(imported.err).toContain(`warning: ${changed} was changed here since, and is kept as it is.`);
  expect(imported.err).toMatch(/error: 1 key of the file refused\.\n$/);
  expect((await document(fresh, "show", changed)).name).toBe("Changed here");
  expect(await read(fresh, good)).toBe("200 ok");
});

test("a file of another project is refused as a whole, and nothing is stored", async () => {
  const file = join(directory, "project.jsonl");
  await create(old);
  await run(old, "export", "--file", file);
  const other = posterns.ofOtherProject;
  expectError(await run(other, "import", "--file", file), 1, /of another Stytch project/);
  expect((await document(other, "list")).keys).toEqual([]);
  expect((await document(other, "audit")).events).toEqual([]);
});
