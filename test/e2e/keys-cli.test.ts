/** `npm run keys` against Postern: what begins and ends the life of a key as processes, the rest in this process. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { demo } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";
import { expectError, runKeys, TOKEN, useKeysCli } from "./keys-process.ts";
import { type SandboxedPostern, startPostern } from "./postern.ts";

const UNKNOWN_ID = "0123456789abcdef";
const MEMBER_ID = "member-test-11111111-1111-4111-8111-111111111111";

const cli = useKeysCli();
let postern: SandboxedPostern;

beforeAll(async () => {
  postern = await startPostern({ ADMIN_TOKEN: TOKEN });
});
afterAll(async () => await postern.stop());

const environment = () => ({ POSTERN_URL: postern.url, POSTERN_ADMIN_TOKEN: TOKEN });
const run = (...args: string[]) => runKeys(args, environment());

test("a key can be created, used, listed, shown and revoked", async () => {
  const runProcess = (...args: string[]) => cli.keys(args, environment());
  const created = await runProcess("create", "--name", "Acme partner", "--scope", "organizations:read");
  expect(created).toMatchObject({ code: 0, err: "" });
  const [key = ""] = /pst_test_\w+/.exec(created.out) ?? [];
  expect(created.out.split(key)).toHaveLength(2);
  const [curl = ""] = /curl .*/.exec(created.out) ?? [];
  const url = (/"(http[^"]+)"/.exec(curl)?.[1] ?? "").replace("$ORGANIZATION", demo.organization_slug);
  const called = await fetch(url, { headers: { Authorization: `Bearer ${key}` } });
  expect(called.status).toBe(200);

  const id = key.split("_")[2] ?? "";
  const listed = await runProcess("list");
  expect(listed.out).toContain(id);
  expect(JSON.parse((await run("list", "--json")).out).keys[0].key_id).toBe(id);
  expect((await run("show", id)).out).toContain("Acme partner");
  expect(listed.out).not.toContain(key);

  expectError(await runProcess("revoke", id), 2, /--yes/);
  expect(JSON.parse((await run("show", id, "--json")).out).status).toBe("active");
  const revoked = await runProcess("revoke", id, "--yes");
  expect(revoked).toMatchObject({ code: 0, err: "" });
  expect(revoked.out).toContain("revoked");
});

test("a link that create and rotate print hands the key over once", async () => {
  const link = async (...args: string[]) => {
    const { code, out } = await run(...args);
    expect(code).toBe(0);
    expect(out).not.toMatch(/pst_test_/);
    const [url = ""] = /http\S+#\S+/.exec(out) ?? [];
    const [page, token] = url.split("#");
    expect(page).toBe(`${postern.url}/handover`);
    expect(out).toContain(`curl -d '{"token":"<what follows the # of the link>"}' ${page}\n`);
    return {
      out,
      take: async () => await fetch(page ?? "", { method: "POST", body: JSON.stringify({ token }) }),
    };
  };
  const created = await link("create", "--name", "x", "--scope", "organizations:read", "--handover", "1d");
  expect(created.out).toMatch(/shows the key once.*until \d{4}-\d\d-\d\dT/);
  const { key, record } = (await (await created.take()).json()) as {
    key: string;
    record: { key_id: string };
  };
  expect((await fetch(`${postern.url}/whoami`, { headers: { Authorization: `Bearer ${key}` } })).status).toBe(
    200,
  );
  expect((await created.take()).status).toBe(404);

  const rotated = await link("rotate", record.key_id, "--overlap", "1h", "--handover", "60");
  expect(rotated.out).toContain("The old key works until");
  expect(await (await rotated.take()).json()).toMatchObject({ record: { generation: 2 } });
  const document = JSON.parse(
    (await run("rotate", record.key_id, "--yes", "--handover", "7d", "--json")).out,
  );
  expect(document.handover_url).toContain("/handover#handover_");
  expect((await run("audit", "--limit", "3")).out).toMatch(/key.handed_over +\w{16} +handover/);
  expectError(await run("rotate", record.key_id, "--yes", "--handover", "8d"), 1, /--handover: .*604800/);
});

test("a purge by any of its names updates an organization and is in the audit", async () => {
  const created = await run("create", "--name", "reader", "--scope", "organizations:read", "--json");
  const headers = { Authorization: `Bearer ${JSON.parse(created.out).key}` };
  const { organization_id: id, organization_slug: slug, organization_external_id: externalId } = demo;
  const read = async () => {
    const urls = [id, slug, externalId].map((name) => postern.url + organizationPath(name));
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
    expect(await run("purge", name)).toEqual({
      code: 0,
      out: `Asked Postern to end what is cached under ${name}: in force everywhere within LEASE_SECONDS (default: 5).\n`,
      err: name === id ? "" : expect.stringContaining("Only a purge by ID"),
    });
    expect(await read()).toEqual([after, after, after]);
    const { out } = await run("audit", "--limit", "1");
    expect(out).toContain(`cache.purged          token  {"organization_id":"${name}","by":"admin"}\n`);
    before = after;
  }
});

test("--json shows the response of a purge, even of an unknown organization", async () => {
  const purged = await run("purge", "nobody", "--json");
  expect(purged).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse(purged.out)).toEqual({ purged: "nobody" });
});

test("an error of the server is shown as one line in its own words", async () => {
  const create = async (...args: string[]) => await run("create", "--name", "x", "--scope", ...args);
  expectError(await create("everything"), 1, /--scope everything: must be one of organizations:read/);
  expectError(await create("organization:read"), 1, /did you mean organizations:read\?/);
  const read = "organizations:read";
  expectError(
    await create(read, "--organization", "acme"),
    1,
    /--organization acme: .*organization-test-<uuid>/,
  );
  expectError(await create(read, "--organization", "organization-live-…"), 1, /whole organization ID/);
  expectError(await create(read, "--expires", "2020-01-01"), 1, /--expires: must be in the future/);
  expectError(
    await create(read, "--field", "organization.nosuch"),
    1,
    /--field organization.nosuch: .*existing/,
  );
  expectError(await run("show", UNKNOWN_ID), 1, /could not be found.*list.*404 key_not_found/);
  expectError(await run("list", "--limit", "201"), 1, /limit.*200/);
});

test("a refused token, a closed port and a missing token have errors of their own", async () => {
  const env = { POSTERN_URL: postern.url };
  expectError(
    await runKeys(["list"], { ...env, POSTERN_ADMIN_TOKEN: "wrong" }),
    1,
    /refused the admin token/,
  );
  expectError(
    await runKeys(["list", "--token", TOKEN, "--url", "http://127.0.0.1:1"], {}),
    1,
    /cannot be reached/,
  );
  expectError(await runKeys(["list"], env), 1, /POSTERN_ADMIN_TOKEN/);
  expectError(await runKeys(["list"], {}), 1, /POSTERN_URL/);
});

test("a session policy can be set, shown, replaced and removed", async () => {
  expectError(
    await run("sessions", "policy", "show"),
    1,
    /sessions policy set sets one. \(404 session_policy_not_found\)/,
  );
  const set = await run(
    "sessions",
    "policy",
    "set",
    "--scope",
    "members:read,organizations:read",
    "--max-age",
    "2m",
  );
  expect(set).toMatchObject({ code: 0, err: "In force everywhere within LEASE_SECONDS (default: 5).\n" });
  expect((await run("sessions", "policy", "show")).out).toContain(
    "scopes                  organizations:read, members:read\n",
  );
  await run(
    "sessions",
    "policy",
    "set",
    "--scope",
    "organizations:read",
    "--field",
    "organization.organization_name",
  );
  expect(JSON.parse((await run("sessions", "policy", "show", "--json")).out)).toEqual({
    scopes: ["organizations:read"],
    fields: { organization: ["organization_name"], member: null },
    rate_limit: null,
    max_age_seconds: 300,
    allow_impersonation: false,
  });
  expect((await run("sessions", "policy", "usage")).out).toBe("No calls in the last 24 hours.\n");
  expectError(await run("sessions", "policy", "remove"), 2, /--yes/);
  expect((await run("sessions", "policy", "remove", "--yes")).out).toContain(
    "impersonation           refused",
  );
  expectError(await run("sessions", "policy", "remove", "--yes"), 1, /404 session_policy_not_found/);
});

test("a revocation is confirmed, and is in the audit", async () => {
  const revoked = await run("sessions", "revoke", "--member", MEMBER_ID);
  expect(revoked.code).toBe(0);
  expect(revoked.out).toContain(`of ${MEMBER_ID} that were issued up to now`);
  const audit = await run("audit");
  expect(audit.out).toMatch(
    new RegExp(`session\\.revoked +token +\\{"member_id":"${MEMBER_ID}","by":"admin"\\}\n`),
  );
});

test.each([
  [["revoke"], 2, /exactly one of --session, --member and --organization/],
  [["revoke", "--member", "m", "--session", "s"], 2, /exactly one/],
  [["revoke", "--member", "a/b"], 2, /1 to 256 characters/],
  [["policy", "set"], 2, /--scope/],
  [["policy", "set", "--scope", "organizations:read", "--max-age", "soon"], 2, /90m/],
  [["revoke", "--organization", "acme"], 1, /--organization: must be a whole ID of the test environment/],
  [["policy", "set", "--scope", "cache:refresh"], 1, /--scope cache:refresh: must be one of/],
  [["policy", "set", "--scope", "organizations:read", "--max-age", "2h"], 1, /--max-age: must be a whole/],
] as [string[], 1 | 2, RegExp][])("sessions %j fails with one clear line", async (args, code, line) => {
  expectError(await run("sessions", ...args), code, line);
});
