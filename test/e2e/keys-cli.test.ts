/** `npm run keys` as a process, against Postern and, for responses that Postern never gives, a fake admin server. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { demo } from "../../sandbox/seed.ts";

const ENTRY = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
const TOKEN = "e2e-canary-of-an-admin-token-for-the-cli";
const ID = "0123456789abcdef";
const KEY = `pst_test_${ID}_${"k".repeat(50)}`;
const RECORD = {
  ...{ key_id: ID, name: "Acme", status: "active", scopes: ["organizations:read"], organization_ids: null },
  ...{ fields: { organization: null, member: ["name"] }, rate_limit: null, allowed_ips: null, region: null },
  ...{ expires_at: null, created_at: "2026-11-21T20:00:00Z", updated_at: "2026-11-21T20:00:00Z" },
  ...{ revoked_at: null, generation: 1, previous_generation_valid_until: null },
};

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly location?: string;
}
interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let postern: SandboxedPostern;
let directory: string;
let origin: string;
let seen: string[] = [];
let answer: (line: string) => Answer;

const fake = createServer(async (request, response) => {
  const { method, url, headers } = request;
  const line = [method, url, await textOf(request)].join(" ").trim();
  seen.push(`${headers.authorization === `Bearer ${TOKEN}` ? "" : "not ours: "}${line}`);
  const { status = 200, body = RECORD, location } = answer(line);
  response.writeHead(status, location === undefined ? {} : { Location: location });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
});

beforeAll(async () => {
  postern = await startSandboxedPostern({ ADMIN_TOKEN: TOKEN });
  directory = mkdtempSync(join(tmpdir(), "keys-cli-"));
  await new Promise<void>((resolve) => fake.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(fake.address() as AddressInfo).port}`;
});
afterAll(async () => {
  fake.close();
  rmSync(directory, { recursive: true });
  await postern.stop();
});
afterEach(() => {
  seen = [];
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

/** Runs the tool once, without a terminal, and checks that it does not print the token. */
async function keys(args: readonly string[], env: Record<string, string>): Promise<Ran> {
  const ran = await new Promise<Ran>((resolve) => {
    const cache = { NODE_COMPILE_CACHE: join(directory, "compiled") };
    const options = { cwd: directory, env: { PATH: process.env["PATH"], ...cache, ...env } };
    const child = execFile(process.execPath, [ENTRY, ...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
    child.stdin?.end();
  });
  expect(ran.out + ran.err).not.toContain(TOKEN);
  return ran;
}

const real = (...args: string[]) => keys(args, { POSTERN_URL: postern.url, POSTERN_ADMIN_TOKEN: TOKEN });
const faked = (...args: string[]) => keys(args, { POSTERN_URL: origin, POSTERN_ADMIN_TOKEN: TOKEN });

/** Expects nothing on stdout and one line on stderr. */
function expectError(ran: Ran, code: number, line: RegExp): void {
  expect(ran).toMatchObject({ code, out: "" });
  expect(ran.err).toMatch(/^error: [^\n]+\n$/);
  expect(ran.err).toMatch(line);
}

test("a key can be created, used, listed, shown and revoked", async () => {
  const created = await real("create", "--name", "Acme partner", "--scope", "organizations:read");
  expect(created).toMatchObject({ code: 0, err: "" });
  const [key = ""] = /pst_test_\w+/.exec(created.out) ?? [];
  expect(created.out.split(key)).toHaveLength(2);
  const [curl = ""] = /curl .*/.exec(created.out) ?? [];
  const url = (/"(http[^"]+)"/.exec(curl)?.[1] ?? "").replace("$ORGANIZATION", demo.organization_slug);
  const called = await fetch(url, { headers: { Authorization: `Bearer ${key}` } });
  expect(called.status).toBe(200);

  const id = key.split("_")[2] ?? "";
  const listed = await real("list");
  expect(listed.out).toContain(id);
  expect(JSON.parse((await real("list", "--json")).out).keys[0].key_id).toBe(id);
  expect((await real("show", id)).out).toContain("Acme partner");
  expect(listed.out).not.toContain(key);

  expectError(await real("revoke", id), 2, /--yes/);
  expect(JSON.parse((await real("show", id, "--json")).out).status).toBe("active");
  const revoked = await real("revoke", id, "--yes");
  expect(revoked).toMatchObject({ code: 0, err: "" });
  expect(revoked.out).toContain("revoked");
});

test("a purge by any of its names updates an organization and is in the audit", async () => {
  const created = await real("create", "--name", "reader", "--scope", "organizations:read", "--json");
  const headers = { Authorization: `Bearer ${JSON.parse(created.out).key}` };
  const { organization_id: id, organization_slug: slug, organization_external_id: externalId } = demo;
  const read = async () => {
    const urls = [id, slug, externalId].map(
      (name) => `${postern.url}/v1/b2b/organizations/${encodeURIComponent(name)}`,
    );
    return await Promise.all(
      urls.map(async (url) => {
        const body = (await (await fetch(url, { headers })).json()) as {
          organization: { organization_name: string };
        };
        return body.organization.organization_name;
      }),
    );
  };
  let before = "Acme Corporation";
  for (const name of [slug, externalId, id]) {
    expect(await read()).toEqual([before, before, before]);
    const after = `Renamed before the purge of ${name}`;
    await postern.control("PATCH", `organizations/${id}`, { organization_name: after });
    expect(await read()).toEqual([before, before, before]);
    expect(await real("purge", name)).toEqual({
      code: 0,
      out: `Purged ${name}. The purge takes effect everywhere within LEASE_SECONDS (default: 5).\n`,
      err: "",
    });
    expect(await read()).toEqual([after, after, after]);
    const { out } = await real("audit", "--limit", "1");
    expect(out).toContain(`cache.purged          {"organization_id":"${name}","by":"admin"}\n`);
    before = after;
  }
});

test("--json shows the response of a purge, even of an unknown organization", async () => {
  const purged = await real("purge", "nobody", "--json");
  expect(purged).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(purged.out)).toEqual({ purged: "nobody" });
});

test("an error of the server is shown as one line in its own words", async () => {
  expectError(await real("create", "--name", "x", "--scope", "everything"), 1, /scopes.*organizations:read/);
  expectError(await real("show", ID), 1, /could not be found.*list.*404 key_not_found/);
  expectError(await real("list", "--limit", "201"), 1, /limit.*200/);
});

test("a refused token, a closed port and a missing token have errors of their own", async () => {
  const env = { POSTERN_URL: postern.url };
  expectError(await keys(["list"], { ...env, POSTERN_ADMIN_TOKEN: "wrong" }), 1, /refused the admin token/);
  expectError(
    await keys(["list", "--token", TOKEN, "--url", "http://127.0.0.1:1"], {}),
    1,
    /cannot be reached/,
  );
  expectError(await keys(["list"], env), 1, /POSTERN_ADMIN_TOKEN/);
  expectError(await keys(["list"], {}), 1, /POSTERN_URL/);
});

test("every option of create reaches the server", async () => {
  answer = () => ({ status: 201, body: { ...RECORD, key: KEY } });
  const lists = ["--organization", "o1", "--organization", "o2", "--field", "member.name", "--ip", "::1"];
  const others = ["--limit", "600/m", "--region", "weur", "--expires", "2027-01-01T00:00:00Z"];
  const created = await faked(
    "create",
    "--name",
    "A",
    "--scope",
    "cache:refresh",
    ...lists,
    ...others,
    "--json",
  );
  expect(JSON.parse(created.out)).toEqual({ ...RECORD, key: KEY });
  expect(JSON.parse(seen[0]?.replace("POST /admin/keys ", "") ?? "")).toEqual({
    ...{ name: "A", scopes: ["cache:refresh"], organization_ids: ["o1", "o2"] },
    ...{ fields: { organization: null, member: ["name"] }, allowed_ips: ["::1"], region: "weur" },
    ...{ rate_limit: { limit: 600, period_seconds: 60 }, expires_at: "2027-01-01T00:00:00Z" },
  });
});

test("edit lifts restrictions, and keeps the fields that it does not name", async () => {
  answer = () => ({});
  await faked("edit", ID, "--no-limit", "--no-organizations", "--no-ips", "--no-expiry", "--no-fields");
  await faked("edit", ID, "--field", "organization.organization_name");
  const lifted = {
    organization_ids: null,
    fields: null,
    rate_limit: null,
    allowed_ips: null,
    expires_at: null,
  };
  const fields = { organization: ["organization_name"], member: ["name"] };
  expect(seen).toEqual([
    `PATCH /admin/keys/${ID} ${JSON.stringify(lifted)}`,
    `GET /admin/keys/${ID}`,
    `PATCH /admin/keys/${ID} ${JSON.stringify({ fields })}`,
  ]);
});

test.each([
  [["edit", ID], /nothing to change/],
  [["edit", ID, "--organization", "o", "--no-organizations"], /cannot be used with/],
  [["edit", ID, "--region", "weur"], /unknown option/],
  [["create", "--name", "x"], /--scope/],
  [["create", "--name", "x", "--scope", "s", "--limit", "many"], /600\/60/],
  [["rotate", ID, "--overlap", "0"], /--yes/],
  [["show", KEY], /not the key/],
  [["purge", KEY], /not a key/],
  [["purge", "acme/members"], /ID, slug or external ID.*\/ \\ \? # %/],
  [["purge"], /organization/],
  [["show"], /key_id/],
  [["lisst"], /unknown command/],
  [["list", `--tokn=${TOKEN}`], /unknown option '--tokn=…'/],
  [["list", "--url", "postern"], /https:/],
])("%j is wrong usage: exit code 2 and no request", async (args, line) => {
  const ran = await faked(...args);
  expectError(ran, 2, line);
  expect(ran.err).not.toContain(KEY);
  expect(seen).toEqual([]);
});

test("--help succeeds, and a call without a command fails", async () => {
  expect(await keys(["revoke", "--help"], {})).toMatchObject({ code: 0, err: "" });
  expect(await keys([], {})).toMatchObject({ code: 2, out: "" });
});

test("--all merges every page into one document", async () => {
  answer = (line) => {
    const page = Number(/cursor=(\d)/.exec(line)?.[1] ?? 0);
    return {
      body: { keys: [{ ...RECORD, name: `page ${page}` }], next_cursor: page < 2 ? `${page + 1}` : null },
    };
  };
  const all = JSON.parse((await faked("list", "--all", "--json")).out);
  expect(all.keys.map(({ name }: { name: string }) => name)).toEqual(["page 0", "page 1", "page 2"]);
  expect(all.next_cursor).toBe(null);
  const first = await faked("list", "--limit", "1");
  expect(first.err).toContain("--all");
  expect(first.out.split("\n")).toHaveLength(3);
});

test("--all stops if the cursor repeats", async () => {
  answer = () => ({ body: { keys: [], next_cursor: "again" } });
  expectError(await faked("list", "--all"), 1, /no end/);
});

test("rotate overlaps for a day by default, and says when the old key ends", async () => {
  const until = "2026-11-22T20:00:00.000Z";
  answer = () => ({ body: { ...RECORD, generation: 2, previous_generation_valid_until: until, key: KEY } });
  const rotated = await faked("rotate", ID);
  expect(rotated.out).toContain("The old key works until 2026-11-22T20:00:00Z.");
  expect(rotated.out.split(KEY)).toHaveLength(2);
  await faked("rotate", ID, "--overlap", "0", "--yes");
  expect(seen.map((line) => line.split(" ").at(-1))).toEqual([
    '{"overlap_seconds":86400}',
    '{"overlap_seconds":0}',
  ]);
});

test("usage and audit print tables", async () => {
  const hours = [{ hour: "2026-11-21T20:00:00Z", requests: 12, rate_limited: 1 }];
  answer = () => ({ body: { key_id: ID, hours } });
  expect((await faked("usage", ID, "--hours", "48")).out).toContain("2026-11-21T20:00:00Z  12        1\n");
  const events = [{ at: "2026-11-21T20:00:00Z", action: "key.created", key_id: ID, detail: null }];
  answer = () => ({ body: { events, next_cursor: null } });
  expect((await faked("audit", "--limit", "5")).out).toContain(`key.created  ${ID}\n`);
  expect(seen).toEqual([`GET /admin/keys/${ID}/usage?hours=48`, "GET /admin/audit?limit=5"]);
});

test.each<[string, Answer, RegExp]>([
  ["HTML", { body: "<html>" }, /without JSON/],
  ["an unexpected form", { body: { hello: 1 } }, /unexpected form.*--json/],
  ["another server's 404", { status: 404, body: "nope" }, /not in the way Postern does/],
  ["a redirect", { status: 307, location: "/elsewhere" }, /redirect/],
  [
    "a token echoed",
    { status: 400, body: { error_type: "x", error_message: `no ${TOKEN}` } },
    /no … \(400 x\)/,
  ],
  [
    "no admin API",
    { status: 404, body: { error_type: "route_not_found", error_message: "" } },
    /ADMIN_TOKEN/,
  ],
  ["a line break", { status: 503, body: { error_type: "x", error_message: "a\n\u{1b}[2Jb" } }, /a \\u\{1b\}/],
])("a response with %s is one clear line", async (_, given, line) => {
  answer = () => given;
  expectError(await faked("show", ID), 1, line);
  expect(seen).toHaveLength(1);
});

test("after a lost response, the error says that the change may have been made", async () => {
  answer = () => ({ status: 201, body: "" });
  expectError(await faked("create", "--name", "x", "--scope", "organizations:read"), 1, /may have been made/);
  expectError(await faked("purge", "acme"), 1, /safe to repeat/);
});

test("the token of npm start is sent to its own address only", async () => {
  mkdirSync(join(directory, ".wrangler"));
  const file = join(directory, ".wrangler/postern-local.json");
  writeFileSync(file, JSON.stringify({ key_secret: "s", admin_token: TOKEN, keys: {} }));
  try {
    answer = () => ({});
    expect((await keys(["show", ID], { PORT: new URL(origin).port })).code).toBe(0);
    expect(seen).toEqual([`GET /admin/keys/${ID}`]);
    expectError(await keys(["show", ID, "--url", origin], {}), 1, /token for .* is missing/);
    writeFileSync(file, `{"admin_token": ${TOKEN}`);
    expectError(await keys(["show", ID], { PORT: new URL(origin).port }), 1, /cannot be read/);
    expect(seen).toHaveLength(1);
  } finally {
    rmSync(join(directory, ".wrangler"), { recursive: true });
  }
});
