/** What the Directory keeps of purges: for how long, in which order, and how many. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { MAX_PURGES } from "../../src/cache/purge/purge-list.ts";
import type { AuditEvent, Cursor, Directory } from "../../src/directory/directory.ts";
import type { KeyEvent } from "../../src/keys/api-key.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { recordOf } from "../support/record.ts";
import { json, stubUpstream } from "../support/upstream.ts";

const NOW = 1_800_000_000_000;
const DAY = 86_400;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const at = (seconds: number) => vi.setSystemTime(NOW + seconds * 1_000);

/** A Directory of this test's own. */
const ownDirectory = () => env.DIRECTORY.getByName(`directory-${crypto.randomUUID()}`);

describe("in the Directory", () => {
  /** What its audit lists, the newest first, in few words. */
  async function listed(directory: DurableObjectStub<Directory>): Promise<string[]> {
    const lines: string[] = [];
    let after: Cursor | null = null;
    do {
      const page: { items: AuditEvent[]; next: Cursor | null } = await directory.listEvents(200, after);
      lines.push(...page.items.map(({ key_id, detail }) => key_id ?? String(detail["organization_id"])));
      after = page.next;
    } while (after !== null);
    return lines;
  }
  const by = (organization_id: string) => ({ organization_id, by: "admin" });
  const created = (key_id: string): KeyEvent => ({
    id: `${key_id}.000000001`,
    at: new Date().toISOString(),
    action: "key.created",
    key_id,
    detail: {},
  });

  test("purges leave the audit after 30 days, and what was done to keys stays", async () => {
    const directory = ownDirectory();
    // IDs that sort before, beside and after those of purges.
    const keys = ["0000000000000000", "purge00000000001", "purgezzzzzzzzzzz", "zzzzzzzzzzzzzzzz"];
    for (const key_id of keys) await directory.report(recordOf({ key_id }), [created(key_id)]);
    await directory.purge(["first"], by("first"));
    at(1);
    await directory.purge(["second"], by("second"));
    at(30 * DAY);
    await directory.purge(["third"], by("third"));
    const purges = async () => (await listed(directory)).filter((one) => !keys.includes(one));
    expect(await purges()).toEqual(["third", "second", "first"]);
    at(30 * DAY + 0.001);
    await directory.purge(["fourth"], by("fourth"));
    expect(await purges()).toEqual(["fourth", "third", "second"]);
    at(90 * DAY);
    await directory.purge(["fifth"], by("fifth"));
    expect((await listed(directory)).toSorted()).toEqual([...keys, "fifth"].toSorted());
  });

  test("what nobody did is purged and not in the audit", async () => {
    const directory = ownDirectory();
    const number = await directory.purge(["slug"], null);
    expect(await directory.purgesSince(0)).toEqual({
      purges: [{ name: "slug", sequence: number }],
      purgedBefore: 0,
      latest: number,
    });
    expect(await listed(directory)).toEqual([]);
  });

  test("a name is listed once, by its latest purge, and only to who does not know that", async () => {
    const directory = ownDirectory();
    const [first, second, third] = [
      await directory.purge(["a", "b"], null),
      await directory.purge(["b"], null),
      await directory.purge(["c", "c"], null),
    ];
    const since = async (number: number) => (await directory.purgesSince(number)).purges;
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

  test("numbers grow though the clock stands still or goes back, and are near the time", async () => {
    const directory = ownDirectory();
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

  test("a purge is listed for as long as an entry from before it could be answered, and two minutes more", async () => {
    const directory = ownDirectory();
    const names = async () => (await directory.purgesSince(0)).purges.map(({ name }) => name);
    // Fresh for 60 s, stale for 60, and good for 3,600 on errors.
    const life = 3_720 + 120;
    const first = await directory.purge(["first"], null);
    at(1);
    await directory.purge(["second"], null);
    at(life);
    await directory.purge(["third"], null);
    expect(await names()).toEqual(["first", "second", "third"]);
    at(life + 0.001);
    const latest = await directory.purge(["fourth"], null);
    expect(await names()).toEqual(["second", "third", "fourth"]);
    // What is forgotten so has no bearing on what is younger.
    expect(await directory.purgesSince(first)).toMatchObject({ purgedBefore: 0, latest });
  });

  test("more purged names than are listed stand for all that came before them", async () => {
    const directory = ownDirectory();
    const numbers = await runInDurableObject(directory, (instance) =>
      Array.from({ length: MAX_PURGES / 100 }, (_, batch) =>
        instance.purge(
          Array.from({ length: 100 }, (__, i) => `name-${batch}-${i}`),
          null,
        ),
      ),
    );
    const whole = await directory.purgesSince(0);
    expect(whole.purges).toHaveLength(MAX_PURGES);
    expect(whole.purgedBefore).toBe(0);
    // Counting costs, so it is done for a hundred at a time.
    const more = await runInDurableObject(directory, (instance) =>
      Array.from({ length: 100 }, (_, i) => instance.purge([`more-${i}`], null)),
    );
    const { purges, purgedBefore, latest } = await directory.purgesSince(0);
    expect(latest).toBe(more.at(-1));
    expect(purgedBefore).toBe(numbers[0]);
    expect(purges).toHaveLength(MAX_PURGES);
    expect(purges[0]).toEqual({ name: "name-1-0", sequence: numbers[1] });
    expect(purges.at(-1)).toEqual({ name: "more-99", sequence: latest });
  });

  test("one purge of more names than are listed ends everything that is older, and nothing that is younger", async () => {
    const directory = ownDirectory();
    const names = Array.from({ length: MAX_PURGES + 1 }, (_, i) => `name-${i}`);
    const number = await runInDurableObject(directory, (instance) => instance.purge(names, null));
    expect(await directory.purgesSince(0)).toEqual({ purges: [], purgedBefore: number, latest: number });
    const next = await directory.purge(["next"], null);
    expect(await directory.purgesSince(number)).toEqual({
      purges: [{ name: "next", sequence: next }],
      purgedBefore: number,
      latest: next,
    });
  });

  test("that has raised its purgedBefore, no isolate answers from what is older, whatever it is called", async () => {
    const directory = ownDirectory();
    const own = { DIRECTORY: { getByName: () => directory } };
    let org = organization();
    const upstream = stubUpstream(() => json(organizationEnvelope(org)));
    const isolate = createIsolate();
    const path = `/v1/b2b/organizations/${org["organization_id"]}`;
    const { key } = await createKey(isolate, ["organizations:read"]);
    const reader = createIsolate(own);
    await reader.call(path, { key });
    expect((await reader.call(path, { key })).headers.get("Cache-Status")).toMatch(/^postern; hit/);
    org = { ...org, organization_name: "Renamed" };
    await runInDurableObject(directory, (instance) =>
      instance.purge(
        Array.from({ length: MAX_PURGES + 1 }, (_, i) => `name-${i}`),
        null,
      ),
    );
    at(5);
    for (const next of [reader, createIsolate(own)]) {
      const answer = await next.call(path, { key });
      expect((await answer.json<{ organization: Json }>()).organization["organization_name"]).toBe("Renamed");
      expect((await next.call(path, { key })).headers.get("Cache-Status")).toMatch(/^postern; hit/);
    }
    expect(upstream.requests).toHaveLength(2);
  });
});
