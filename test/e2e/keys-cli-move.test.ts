/** Export and import against an admin API that fails: what is sent, what is said, and what is left behind. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type FakeResponse, useFakeAdminServer } from "./fake-admin-server.ts";
import { expectError, runKeys, TOKEN } from "./keys-process.ts";

const server = useFakeAdminServer();
let directory: string;
let file: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "move-cli-"));
});
beforeEach(() => {
  file = join(directory, "export.jsonl");
  rmSync(file, { force: true });
});
afterAll(() => rmSync(directory, { recursive: true }));

const run = (...args: string[]) => runKeys(args, { POSTERN_URL: server.origin, POSTERN_ADMIN_TOKEN: TOKEN });
const idOf = (index: number) => String(index).padStart(16, "0");
const failure = (status: number, error_type: string, error_message = "It failed."): FakeResponse => ({
  status,
  body: { status_code: status, error_type, error_message, request_id: "r", error_url: "u" },
});

function writeKeys(count: number): void {
  const keys = Array.from({ length: count }, (_, index) => ({ key: { key_id: idOf(index) } }));
  const header = { postern_export: 1, origin: "https://postern.example", exported_at: "2026-05-01" };
  const lines = [header, ...keys, { end: { keys: count, events: 0 } }];
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join("\n"));
}

const importOf = () => run("import", "--file", file);

test("an import stops at a failure, begins nothing after it, and says to repeat it", async () => {
  writeKeys(100);
  server.respond = (line) =>
    line.includes(idOf(20)) ? failure(503, "key_service_unavailable") : { body: { outcome: "imported" } };
  expectError(
    await importOf(),
    1,
    /503 key_service_unavailable.*Repeat the command: what was imported stays/,
  );
  expect(server.requests.length).toBeGreaterThan(20);
  expect(server.requests.length).toBeLessThan(40);
  server.respond = () => ({ body: { outcome: "unchanged" } });
  expect((await importOf()).out).toContain("Imported 0 keys; 0 updated, 100 unchanged, 0 kept, 0 refused.");
});

test("an import into a Postern that does not know it stops", async () => {
  writeKeys(100);
  server.respond = () => failure(404, "route_not_found");
  expectError(await importOf(), 1, /as new as this tool/);
  expect(server.requests.length).toBeLessThan(10);
});

test("an import of keys of another project stops at once", async () => {
  writeKeys(100);
  server.respond = () => failure(400, "invalid_request", "project_id: must be the Stytch project");
  expectError(await importOf(), 1, /of another Stytch project/);
  expect(server.requests.length).toBeLessThan(10);
});

test("an import sends a record as the file has it, and shows people how far it is", async () => {
  writeKeys(401);
  server.respond = () => ({ body: { outcome: "imported" } });
  const { out, err } = await importOf();
  expect(server.requests.sort()[0]).toBe(`PUT /admin/keys/${idOf(0)}/record {"key_id":"${idOf(0)}"}`);
  expect(out).toContain("Imported 401 keys");
  expect(out).toContain("The file has no session policy.");
  expect(err).toMatch(/^200 of 401 keys …\n400 of 401 keys …\n/);
  expect((await run("import", "--file", file, "--json")).err).toBe("");
});

test("an import keeps another session policy, with a warning", async () => {
  writeKeys(0);
  const policy = JSON.stringify({ session_policy: { scopes: ["organizations:read"] } });
  writeFileSync(file, readFileSync(file, "utf8").replace("\n", `\n${policy}\n`));
  server.respond = () => ({ body: { scopes: ["members:read"] } });
  const { code, out, err } = await importOf();
  expect({ code, requests: server.requests }).toEqual({ code: 0, requests: ["GET /admin/session-policy"] });
  expect(out).toContain("not set: there is another");
  expect(err).toContain("warning: The session policy here is another");
});

test("an import of a file that is not whole sends nothing", async () => {
  writeKeys(3);
  writeFileSync(file, readFileSync(file, "utf8").slice(0, -10));
  expectError(await importOf(), 1, /damaged|not whole/);
  expect(server.requests).toEqual([]);
});

function respondAsPostern(line: string): FakeResponse {
  if (line === "GET /admin/keys?limit=200")
    return { body: { keys: [{ key_id: idOf(1) }], next_cursor: "two" } };
  if (line === "GET /admin/keys?limit=200&cursor=two")
    return { body: { keys: [{ key_id: idOf(2) }], next_cursor: null } };
  if (line.startsWith("GET /admin/session-policy")) return failure(404, "session_policy_not_found");
  if (line.startsWith("GET /admin/audit"))
    return { body: { events: [{ at: "t", new: 1 }], next_cursor: null } };
  return { body: { key_id: line.slice(16, 32), of_a_later_version: true } };
}

test("an export follows all pages, and keeps what it does not know", async () => {
  server.respond = respondAsPostern;
  const { code, out, err } = await run("export", "--file", file);
  expect({ code, out }).toEqual({
    code: 0,
    out: `Exported 2 keys and 1 event of the audit to ${file}.\n`,
  });
  expect(err).toMatch(/^exported 1 key …\nexported 2 keys …\nThe file holds no key\. Keep it private/);
  const [, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { key: { key_id: idOf(1), of_a_later_version: true } },
    { key: { key_id: idOf(2), of_a_later_version: true } },
    { event: { at: "t", new: 1 } },
    { end: { keys: 2, events: 1 } },
  ]);
});

test.each([
  ["a record that cannot be read", `GET /admin/keys/${idOf(2)}/record`],
  ["an audit that cannot be read", "GET /admin/audit?limit=200"],
  ["a session policy that cannot be read", "GET /admin/session-policy"],
])("an export with %s fails and leaves no file", async (_, failing) => {
  server.respond = (line) =>
    line === failing ? failure(503, "key_service_unavailable") : respondAsPostern(line);
  const { code, err } = await run("export", "--file", file);
  expect(code).toBe(1);
  expect(err).toMatch(/error: .*503/);
  expect(existsSync(file)).toBe(false);
});

test("an export of a list without an end stops", async () => {
  server.respond = (line) =>
    line.startsWith("GET /admin/keys?")
      ? { body: { keys: [], next_cursor: "same" } }
      : respondAsPostern(line);
  expect((await run("export", "--file", file)).err).toContain("the list has no end");
  expect(existsSync(file)).toBe(false);
});

test("list sends --issued-before, and refuses what is no time", async () => {
  server.respond = () => ({ body: { keys: [], next_cursor: null } });
  expect((await run("list", "--issued-before", "2026-05-01")).out).toBe("No key matches.\n");
  expect(server.requests).toEqual(["GET /admin/keys?issued_before=2026-05-01T00%3A00%3A00Z"]);
  for (const time of ["30d", "soon", "2026-13-01"]) {
    expect((await run("list", "--issued-before", time)).code, time).toBe(2);
  }
});
