/** The purge log of the Directory: how long it keeps purges, in which order, and how many. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { MAX_PURGES } from "../../src/cache/purge/purge-list.ts";
import type { AuditEvent } from "../../src/directory/audit-event.ts";
import type { Directory } from "../../src/directory/directory.ts";
import type { Cursor } from "../../src/directory/page.ts";
import type { KeyEvent } from "../../src/keys/event-outbox.ts";
import type { Json } from "../support/bodies.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { recordOf } from "../support/record.ts";
import { setUpOrganization } from "../support/setup.ts";
import { TEST_VARS } from "../support/vars.ts";

const DAY = 86_400;
const PROJECT_ID = TEST_VARS.STYTCH_PROJECT_ID;

const { at } = useClock();

/** A Directory that no other test uses. */
const createDirectory = () => env.DIRECTORY.getByName(`directory-${crypto.randomUUID()}`);

/** What the Directory tells of purges after this one. */
const purgesSince = async (directory: DurableObjectStub<Directory>, sequence: number) =>
  (await directory.updatesSince(sequence, PROJECT_ID, null)).purges;

/** The key ID or organization ID of each audit event, newest first. */
async function auditOf(directory: DurableObjectStub<Directory>): Promise<string[]> {
  const lines: string[] = [];
  let after: Cursor | null = null;
  do {
    const page: { items: AuditEvent[]; next: Cursor | null } = await directory.listEvents(
      200,
      after,
      PROJECT_ID,
    );
    lines.push(
      ...page.items.map(({ key_id, detail }) => key_id ?? String((detail as Json)["organization_id"])),
    );
    after = page.next;
  } while (after !== null);
  return lines;
}
const by = (organization_id: string) => ({
  project_id: PROJECT_ID,
  detail: { organization_id, by: "admin" },
});
const created = (key_id: string): KeyEvent => ({
  id: `${key_id}.000000001`,
  at: new Date().toISOString(),
  action: "key.created",
  key_id,
  detail: {},
});

test("the audit drops purges after 30 days, and keeps changes of keys", async () => {
  const directory = createDirectory();
  // Key IDs that sort before, among and after the IDs of purges.
  const keys = ["0000000000000000", "purge00000000001", "purgezzzzzzzzzzz", "zzzzzzzzzzzzzzzz"];
  for (const key_id of keys) await directory.report(recordOf({ key_id }), [created(key_id)]);
  await directory.purge(["first"], by("first"));
  at(1);
  await directory.purge(["second"], by("second"));
  at(30 * DAY);
  await directory.purge(["third"], by("third"));
  const purges = async () => (await auditOf(directory)).filter((one) => !keys.includes(one));
  expect(await purges()).toEqual(["third", "second", "first"]);
  at(30 * DAY + 0.001);
  await directory.purge(["fourth"], by("fourth"));
  expect(await purges()).toEqual(["fourth", "third", "second"]);
  at(90 * DAY);
  await directory.purge(["fifth"], by("fifth"));
  expect((await auditOf(directory)).toSorted()).toEqual([...keys, "fifth"].toSorted());
});

test("a purge without an author takes effect and is not in the audit", async () => {
  const directory = createDirectory();
  const number = await directory.purge(["slug"], null);
  expect(await purgesSince(directory, 0)).toEqual({
    purges: [{ name: "slug", sequence: number }],
    purgedBefore: 0,
    latest: number,
  });
  expect(await auditOf(directory)).toEqual([]);
});

test("a purge of the cache tells the latest purge of the same name before it", async () => {
  const directory = createDirectory();
  expect(await directory.purgeByCache(["a"])).toMatchObject({ previous: 0 });
  const byOperator = await directory.purge(["a"], by("a"));
  const other = await directory.purge(["b"], by("b"));
  const ofBoth = await directory.purgeByCache(["A", "a"]);
  expect(ofBoth.previous).toBe(byOperator);
  expect(ofBoth.sequence).toBeGreaterThan(other);
  expect(await directory.purgeByCache(["A"])).toMatchObject({ previous: ofBoth.sequence });
  expect((await auditOf(directory)).length).toBe(2);
});

test("updatesSince lists an identifier once, by its latest purge, if that is newer", async () => {
  const directory = createDirectory();
  const [first, second, third] = [
    await directory.purge(["a", "b"], null),
    await directory.purge(["b"], null),
    await directory.purge(["c", "c"], null),
  ];
  const since = async (number: number) => (await purgesSince(directory, number)).purges;
  expect(await since(0)).toEqual([
    { name: "a", sequence: first },
    { name: "b", sequence: second },
    { name: "c", sequence: third },
  ]);
  expect(await since(first)).toEqual([
    { name: "b", sequence: second },
    { name: "c", sequence: third },
  ]);
  expect(await since(third)).toEqual([]);
});

test("sequence numbers grow even if the clock stops or goes back, and stay near it", async () => {
  const directory = createDirectory();
  const steps = fc.array(fc.integer({ min: -5_000, max: 5_000 }), { minLength: 1, maxLength: 10 });
  let latest = 0;
  await fc.assert(
    fc.asyncProperty(steps, async (given) => {
      for (const step of given) {
        vi.setSystemTime(Date.now() + step);
        const number = await directory.purge(["a"], null);
        expect(number).toBeGreaterThan(latest);
        expect(number).toBe(Math.max(Date.now(), latest + 1));
        latest = number;
      }
    }),
    { numRuns: 20 },
  );
});

test("a purge is listed for the lifetime of an older entry and two minutes more", async () => {
  const directory = createDirectory();
  const names = async () => (await purgesSince(directory, 0)).purges.map(({ name }) => name);
  // Fresh for 60 s, stale-while-revalidate for 60 s, stale-if-error for 3,600 s.
  const lifetime = 3_720 + 120;
  const first = await directory.purge(["first"], null);
  at(1);
  await directory.purge(["second"], null);
  at(lifetime);
  await directory.purge(["third"], null);
  expect(await names()).toEqual(["first", "second", "third"]);
  at(lifetime + 0.001);
  const latest = await directory.purge(["fourth"], null);
  expect(await names()).toEqual(["second", "third", "fourth"]);
  // Dropping old purges does not purge anything newer.
  expect(await purgesSince(directory, first)).toMatchObject({ purgedBefore: 0, latest });
});

test("beyond MAX_PURGES, purgedBefore replaces the oldest purges", async () => {
  const directory = createDirectory();
  const numbers = await runInDurableObject(directory, (instance) =>
    Array.from({ length: MAX_PURGES / 100 }, (_, batch) =>
      instance.purge(
        Array.from({ length: 100 }, (__, i) => `name-${batch}-${i}`),
        null,
      ),
    ),
  );
  const full = await purgesSince(directory, 0);
  expect(full.purges).toHaveLength(MAX_PURGES);
  expect(full.purgedBefore).toBe(0);
  // The count is checked once for each hundred purges, since counting costs.
  const more = await runInDurableObject(directory, (instance) =>
    Array.from({ length: 100 }, (_, i) => instance.purge([`more-${i}`], null)),
  );
  const { purges, purgedBefore, latest } = await purgesSince(directory, 0);
  expect(latest).toBe(more.at(-1));
  expect(purgedBefore).toBe(numbers[0]);
  expect(purges).toHaveLength(MAX_PURGES);
  expect(purges[0]).toEqual({ name: "name-1-0", sequence: numbers[1] });
  expect(purges.at(-1)).toEqual({ name: "more-99", sequence: latest });
});

test("a purge of more than MAX_PURGES names purges all older entries, and none newer", async () => {
  const directory = createDirectory();
  const names = Array.from({ length: MAX_PURGES + 1 }, (_, i) => `name-${i}`);
  const number = await runInDurableObject(directory, (instance) => instance.purge(names, null));
  expect(await purgesSince(directory, 0)).toEqual({ purges: [], purgedBefore: number, latest: number });
  const next = await directory.purge(["next"], null);
  expect(await purgesSince(directory, number)).toEqual({
    purges: [{ name: "next", sequence: next }],
    purgedBefore: number,
    latest: next,
  });
});

test("a raised purgedBefore ends older entries of any identifier in every isolate", async () => {
  const directory = createDirectory();
  const withDirectory = { DIRECTORY: { getByName: () => directory } };
  const { key, path, upstream, change } = await setUpOrganization();
  const reader = createIsolate(withDirectory);
  await reader.call(path, { key });
  expect((await reader.call(path, { key })).headers.get("Cache-Status")).toMatch(/^postern; hit/);
  change({ organization_name: "Renamed" });
  await runInDurableObject(directory, (instance) =>
    instance.purge(
      Array.from({ length: MAX_PURGES + 1 }, (_, i) => `name-${i}`),
      null,
    ),
  );
  at(5);
  for (const next of [reader, createIsolate(withDirectory)]) {
    const response = await next.call(path, { key });
    expect((await response.json<{ organization: Json }>()).organization["organization_name"]).toBe("Renamed");
    expect((await next.call(path, { key })).headers.get("Cache-Status")).toMatch(/^postern; hit/);
  }
  expect(upstream.requests).toHaveLength(2);
});
