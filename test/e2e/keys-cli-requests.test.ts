/** `npm run keys` against a fake admin API: what it sends, and how it reads unexpected responses. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type FakeResponse, ID, KEY, RECORD, useFakeAdminServer } from "./fake-admin-server.ts";
import { expectError, runKeys, TOKEN, useKeysCli } from "./keys-process.ts";

const cli = useKeysCli();
const server = useFakeAdminServer();

const run = (...args: string[]) => runKeys(args, { POSTERN_URL: server.origin, POSTERN_ADMIN_TOKEN: TOKEN });

test("every option of create reaches the server", async () => {
  server.respond = () => ({ status: 201, body: { ...RECORD, key: KEY } });
  const lists = ["--organization", "o1", "--organization", "o2", "--field", "member.name", "--ip", "::1"];
  const others = [
    "--handover",
    "1d",
    "--limit",
    "600/m",
    "--region",
    "weur",
    "--expires",
    "2027-01-01T00:00:00Z",
  ];
  const created = await run(
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
  expect(JSON.parse(server.requests[0]?.replace("POST /admin/keys ", "") ?? "")).toEqual({
    ...{ name: "A", scopes: ["cache:refresh"], organization_ids: ["o1", "o2"] },
    ...{ fields: { organization: null, member: ["name"] }, allowed_ips: ["::1"], region: "weur" },
    ...{ rate_limit: { limit: 600, period_seconds: 60 }, expires_at: "2027-01-01T00:00:00Z" },
    handover_seconds: 86_400,
  });
});

test("edit lifts restrictions, and keeps the fields that it does not name", async () => {
  server.respond = () => ({});
  await run("edit", ID, "--no-limit", "--no-organizations", "--no-ips", "--no-expiry", "--no-fields");
  await run("edit", ID, "--field", "organization.organization_name");
  const lifted = {
    organization_ids: null,
    fields: null,
    rate_limit: null,
    allowed_ips: null,
    expires_at: null,
  };
  const fields = { organization: ["organization_name"], member: ["name"] };
  expect(server.requests).toEqual([
    `GET /admin/keys/${ID}`,
    `PATCH /admin/keys/${ID} ${JSON.stringify(lifted)}`,
    `GET /admin/keys/${ID}`,
    `PATCH /admin/keys/${ID} ${JSON.stringify({ fields })}`,
  ]);
});

test("edit adds to a list and removes from it, and shows what has changed", async () => {
  const bound = { ...RECORD, organization_ids: ["o1", "o2"] };
  server.respond = (line) => ({
    body: line.startsWith("GET") ? bound : { ...bound, organization_ids: ["o2", "o3"] },
  });
  const edited = await run("edit", ID, "--add-organization", "o3", "--remove-organization", "o1");
  expect(edited.out).toContain("organizations:\n  was  o1, o2\n  is   o2, o3\n\n");
  expect(server.requests).toEqual([
    `GET /admin/keys/${ID}`,
    `PATCH /admin/keys/${ID} {"organization_ids":["o2","o3"]}`,
  ]);
});

test("edit changes nothing if the list would surprise", async () => {
  server.respond = () => ({});
  expectError(await run("edit", ID, "--add-organization", "o1"), 1, /give --organization to bind it/);
  expect(server.requests).toEqual([`GET /admin/keys/${ID}`]);
});

test("scopes that open nothing are a warning on stderr, with --json too", async () => {
  server.respond = () => ({
    status: 201,
    body: { ...RECORD, scopes: ["cache:refresh"], fields: null, key: KEY },
  });
  for (const json of [[], ["--json"]]) {
    const created = await run("create", "--name", "x", "--scope", "cache:refresh", ...json);
    expect(created.code).toBe(0);
    expect(created.err).toBe(
      "warning: The scope cache:refresh opens nothing without a scope of cached reads, such as organizations:read.\n",
    );
    expect(created.out).not.toContain("opens nothing");
  }
});

test("--json escapes the control and bidirectional characters of a name", async () => {
  const name = "a\u001b[31m\u009b\u202e\u2066\u2028b";
  server.respond = () => ({ body: { ...RECORD, name } });
  const { out } = await run("show", ID, "--json");
  expect(JSON.parse(out).name).toBe(name);
  expect(out).toContain("a\\u001b[31m\\u009b\\u202e\\u2066\\u2028b");
});

test.each([
  [["edit", ID], /nothing to change/],
  [["edit", ID, "--organization", "o", "--no-organizations"], /cannot be used with/],
  [["edit", ID, "--region", "weur"], /unknown option/],
  [["create", "--name", "x"], /--scope/],
  [["create", "--name", "x", "--scope", "s", "--limit", "many"], /600\/60/],
  [["rotate", ID, "--overlap", "0"], /--yes/],
  [["rotate", ID], /--yes/],
  [["rotate", ID, "--overlap", "soon"], /24h/],
  [["rotate", ID, "--yes", "--handover", "soon"], /24h/],
  [["edit", ID, "--handover", "1d"], /unknown option/],
  [["edit", ID, "--organization", "o", "--add-organization", "p"], /cannot be used with/],
  [["edit", ID, "--no-ips", "--remove-ip", "::1"], /cannot be used with/],
  [["create", "--name", "x", "--scope", "s,"], /empty/],
  [["create", "--name", "x", "--scope", "s", "--ip", "203.0.113.0/024"], /leading zeros/],
  [["show", KEY], /not the key/],
  [["purge", KEY], /not a key/],
  [["purge", "acme/members"], /ID, slug or external ID.*\/ \\ \? # %/],
  [["purge"], /organization/],
  [["show"], /key_id/],
  [["lisst"], /unknown command/],
  [["list", `--tokn=${TOKEN}`], /unknown option '--tokn=…'/],
  [["list", "--url", "postern"], /https:/],
  [["list", "--status", "unused"], /active, expired, revoked/],
  [["list", "--unused-days", "31"], /1 to 30/],
  [["list", "--q", KEY], /not for the key/],
])("%j is wrong usage: exit code 2 and no request", async (args, line) => {
  const result = await run(...args);
  expectError(result, 2, line);
  expect(result.err).not.toContain(KEY);
  expect(server.requests).toEqual([]);
});

test("--help succeeds, and a call without a command fails", async () => {
  expect(await cli.keys(["revoke", "--help"], {})).toMatchObject({ code: 0, err: "" });
  expect(await cli.keys([], {})).toMatchObject({ code: 2, out: "" });
});

test("overview asks for its hours, and prints the answer as it is with --json", async () => {
  const body = { status: "ok", extra: 1 };
  server.respond = () => ({ body });
  expect(JSON.parse((await run("overview", "--hours", "168", "--json")).out)).toEqual(body);
  expect(server.requests).toEqual(["GET /admin/overview?hours=168"]);
});

test("rotate has the default overlap of the API, and says when the old key ends", async () => {
  const until = "2026-11-22T20:00:00.000Z";
  server.respond = () => ({
    body: { ...RECORD, generation: 2, previous_generation_valid_until: until, key: KEY },
  });
  const rotated = await run("rotate", ID, "--overlap", "24h");
  expect(rotated.out).toContain("The old key works until 2026-11-22T20:00:00Z.");
  expect(rotated.out.split(KEY)).toHaveLength(2);
  await run("rotate", ID, "--yes");
  expect(server.requests.map((line) => line.split(" ").at(-1))).toEqual([
    '{"overlap_seconds":86400}',
    '{"overlap_seconds":0}',
  ]);
});

test("usage and audit print tables", async () => {
  const hours = [{ hour: "2026-11-21T20:00:00Z", requests: 12, rate_limited: 1 }];
  server.respond = () => ({ body: { key_id: ID, hours } });
  expect((await run("usage", ID, "--hours", "48")).out).toMatch(/^2026-11-21 20:00 {2}█ {2}13 .* 1$/m);
  const events = [{ at: "2026-11-21T20:00:00Z", action: "key.created", key_id: ID, detail: null }];
  server.respond = () => ({ body: { events, next_cursor: null } });
  expect((await run("audit", "--limit", "5")).out).toContain(`key.created  ${ID}\n`);
  expect(server.requests).toEqual([`GET /admin/keys/${ID}/usage?hours=48`, "GET /admin/audit?limit=5"]);
});

test.each<[string, FakeResponse, RegExp]>([
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
  server.respond = () => given;
  expectError(await run("show", ID), 1, line);
  expect(server.requests).toHaveLength(1);
});

test("after a lost response, the error says that the change may have been made", async () => {
  server.respond = () => ({ status: 201, body: "" });
  expectError(await run("create", "--name", "x", "--scope", "organizations:read"), 1, /may have been made/);
  expectError(await run("purge", "acme"), 1, /safe to repeat/);
});

test("the token of npm start is sent to its own address only", async () => {
  mkdirSync(join(cli.directory, ".wrangler"));
  const file = join(cli.directory, ".wrangler/postern-local.json");
  writeFileSync(file, JSON.stringify({ key_secret: "s", admin_token: TOKEN, keys: {} }));
  try {
    server.respond = () => ({});
    expect((await cli.keys(["show", ID], { PORT: new URL(server.origin).port })).code).toBe(0);
    expect(server.requests).toEqual([`GET /admin/keys/${ID}`]);
    expectError(await cli.keys(["show", ID, "--url", server.origin], {}), 1, /token for .* is missing/);
    writeFileSync(file, `{"admin_token": ${TOKEN}`);
    expectError(await cli.keys(["show", ID], { PORT: new URL(server.origin).port }), 1, /cannot be read/);
    expect(server.requests).toHaveLength(1);
  } finally {
    rmSync(join(cli.directory, ".wrangler"), { recursive: true });
  }
});
