/** A state in which every stored format has a value: how it is made, read out of the objects, and put back into others. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { MAX_PURGES } from "../../src/cache/purge/purge-list.ts";
import type { Directory } from "../../src/directory/directory.ts";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { PUBLIC_KEYS_NAME } from "../../src/jwks/public-keys.ts";
import { MAX_REVOCATIONS } from "../../src/sessions/revocations.ts";
import { emptyDirectory } from "../support/directory.ts";
import { evictObjects } from "../support/resets.ts";
import { setUpOrganization } from "../support/setup.ts";

type Row = Record<string, unknown>;

/** What one object stores. */
export interface ObjectState {
  readonly kv: readonly (readonly [string, unknown])[];
  /** Each table with the statement that made it. */
  readonly tables: Readonly<Record<string, { readonly sql: string; readonly rows: readonly Row[] }>>;
}

export interface StoredState {
  /** How the state is asked for. */
  readonly names: {
    readonly key: string;
    readonly previousKey: string;
    readonly keyId: string;
    readonly organizationId: string;
    readonly slug: string;
    readonly formerSlug: string;
    readonly purgedName: string;
    readonly memberId: string;
  };
  readonly kv: readonly { readonly name: string; readonly metadata: unknown; readonly value: string }[];
  readonly objects: Readonly<Record<ObjectName, ObjectState>>;
}

export const OBJECT_NAMES = ["key", "organization", "alias", "directory", "publicKeys"] as const;
export type ObjectName = (typeof OBJECT_NAMES)[number];

type Names = StoredState["names"];

const stubs = (names: Names) => ({
  key: env.API_KEY.getByName(names.keyId),
  organization: env.ORGANIZATION.getByName(names.organizationId),
  alias: env.ORGANIZATION.getByName(names.slug),
  directory: getDirectory(env),
  publicKeys: env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME),
});

const MEMBER_ID = "member-test-7e3fad4f-e7cc-4e6e-a6c6-b804e9c2d4f4";
const PURGED_NAME = "purged-by-an-operator";

/** Deletes what earlier tests have left in the objects that all tests share. */
export async function emptySharedObjects(): Promise<void> {
  await emptyDirectory();
  for (const stub of [getDirectory(env), env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME)]) {
    await closeStatements(stub);
    await runInDurableObject(stub as DurableObjectStub, (_, { storage }) => {
      for (const [name] of [...storage.kv.list()]) storage.kv.delete(name);
      storage.sql.exec("DROP TABLE IF EXISTS purges");
    });
    await evictDurableObject(stub);
  }
}

/**
 * Closes what an object still reads: a page of a list leaves its query open, until memory is reclaimed, and SQLite drops
 * no table meanwhile.
 */
const closeStatements = async (stub: DurableObjectStub) => await evictObjects([stub]);

/**
 * Fills the lists of purges and revocations. The next of each drops all of these, since the Directory counts what it
 * lists at once after a start.
 */
async function fillLists(): Promise<void> {
  await runInDurableObject(getDirectory(env), (_, { storage: { sql } }) => {
    const at = Date.now() - 60_000;
    const numbers = (count: number) =>
      `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${count})`;
    sql.exec(`${numbers(MAX_PURGES)} INSERT INTO purges SELECT 'old-' || n, ? FROM numbers`, at);
    const revocation = "SELECT 'member', 'member-test-old-' || n, ?, ? FROM numbers";
    sql.exec(`${numbers(MAX_REVOCATIONS)} INSERT INTO revocations ${revocation}`, at, at);
  });
  await evictDurableObject(getDirectory(env));
}

/** Has the code write every format, by calls of the API. `NOW` is the time at the start, and some seconds pass. */
export async function writeState(): Promise<Names> {
  const keyFields = { rate_limit: { limit: 100, period_seconds: 60 }, allowed_ips: null };
  const setUp = await setUpOrganization({ keyFields });
  const { isolate, keyId, organization, path, slugPath } = setUp;
  const call = async (method: string, adminPath: string, body: object) => {
    const response = await isolate.admin(method, adminPath, body);
    if (!response.ok) throw new Error(`${adminPath}: ${response.status} ${await response.text()}`);
    return response;
  };
  const formerSlug = String(organization["organization_slug"]);
  await fillLists();
  await isolate.call(path, { key: setUp.key });
  await isolate.call(slugPath, { key: setUp.key });
  const advanceSeconds = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000);
  advanceSeconds(6);
  await isolate.call(path, { key: setUp.key });
  // A slug moves, so the organization's object tells the former alias.
  const organizationId = String(organization["organization_id"]);
  const slug = `moved-${organizationId.slice(-12)}`;
  setUp.change({ organization_slug: slug });
  await call("POST", "/admin/cache/purge", { organization_id: organizationId });
  advanceSeconds(6);
  await isolate.call(path, { key: setUp.key });
  await isolate.call(path.replace(/[^/]+$/, slug), { key: setUp.key });
  await call("PATCH", `/admin/keys/${keyId}`, { name: "Renamed" });
  const rotated = await call("POST", `/admin/keys/${keyId}/rotate`, { overlap_seconds: 86_400 });
  const { key } = await rotated.json<{ key: string }>();
  await call("POST", "/admin/cache/purge", { organization_id: PURGED_NAME });
  await call("PUT", "/admin/session-policy", { scopes: ["organizations:read"] });
  await call("POST", "/admin/sessions/revoke", { member_id: MEMBER_ID });
  await env.PUBLIC_KEYS.getByName(PUBLIC_KEYS_NAME).read("a key that the set lacks", true);
  return {
    key,
    previousKey: setUp.key,
    keyId,
    organizationId,
    slug,
    formerSlug,
    purgedName: PURGED_NAME,
    memberId: MEMBER_ID,
  };
}

/** Reads all that is stored. */
export async function readState(names: Names): Promise<StoredState> {
  const objects: Partial<Record<ObjectName, ObjectState>> = {};
  const all = stubs(names);
  for (const name of OBJECT_NAMES) {
    objects[name] = await runInDurableObject(all[name] as DurableObjectStub, (_, { storage }) =>
      readObject(storage),
    );
  }
  // Other tests have values in KV, too.
  const { keys } = await env.ORGANIZATIONS.list();
  const own = keys.filter(({ name }) => name.endsWith(names.organizationId) || name.endsWith(names.slug));
  const kv = await Promise.all(
    own.map(async ({ name }) => {
      const { value, metadata } = await env.ORGANIZATIONS.getWithMetadata(name);
      return { name, metadata, value: value ?? "" };
    }),
  );
  return { names, kv, objects: objects as Record<ObjectName, ObjectState> };
}

/** Reads the tables of a Directory. */
export const readTables = async (directory: DurableObjectStub<Directory>) =>
  (await runInDurableObject(directory, (_, { storage }) => readObject(storage))).tables;

function readObject({ kv, sql }: DurableObjectStorage): ObjectState {
  const made = sql
    .exec<{ name: string; sql: string }>(
      "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'",
    )
    .toArray();
  const tables = made.map(({ name, sql: statement }) => {
    const rows = sql.exec(`SELECT * FROM ${name}`).toArray();
    return [name, { sql: statement, rows }] as const;
  });
  return { kv: [...kv.list()], tables: Object.fromEntries(tables) };
}

/** Puts a state into objects and KV that have none, as if the release that wrote it had run before. */
export async function putState({ names, kv, objects }: StoredState): Promise<void> {
  const all = stubs(names);
  await closeStatements(all.directory);
  for (const name of OBJECT_NAMES) {
    await runInDurableObject(all[name] as DurableObjectStub, (_, { storage }) =>
      putObject(storage, objects[name]),
    );
  }
  for (const { name, metadata, value } of kv) await env.ORGANIZATIONS.put(name, value, { metadata });
}

function putObject({ kv, sql }: DurableObjectStorage, state: ObjectState): void {
  for (const [name, value] of state.kv) kv.put(name, value);
  for (const [table, { sql: statement, rows }] of Object.entries(state.tables)) {
    sql.exec(`DROP TABLE IF EXISTS ${table}`);
    sql.exec(statement);
    for (const row of rows) {
      const columns = Object.keys(row);
      const places = columns.map(() => "?").join(", ");
      sql.exec(`INSERT INTO ${table} (${columns.join(", ")}) VALUES (${places})`, ...Object.values(row));
    }
  }
}

/** JSON has no infinity, which ledgers and aliases have. */
export const toJson = (state: StoredState): string =>
  `${JSON.stringify(state, (_, value) => (value === Number.NEGATIVE_INFINITY ? "-Infinity" : value), 2)}\n`;

export const fromJson = (text: string): StoredState =>
  JSON.parse(text, (_, value) => (value === "-Infinity" ? Number.NEGATIVE_INFINITY : value));
