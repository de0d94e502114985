/**
 * Parts of the platform fail, hang or are slow, each alone and all together, under load: what callers get, what the log
 * names, and the recovery.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import type { Json } from "./support/bodies.ts";
import { useClock } from "./support/clock.ts";
import { createIsolate, type TestIsolate } from "./support/deployment.ts";
import { logLines } from "./support/guard.ts";
import { type OrganizationSetUp, setUpOrganization } from "./support/setup.ts";
import type { Upstream } from "./support/upstream.ts";

const PARTS = ["kv_read", "organization_object", "directory", "key_object"] as const;
type Part = (typeof PARTS)[number];
type Mode = "fails" | "hangs" | "is slow";
/** Less than the timeout of any part. */
const SLOW_MS = 120;

const clock = useClock();

let setUp: OrganizationSetUp;
let upstream: Upstream;
let key: string;
let path: string;
let down: ReadonlySet<Part>;
let mode: Mode;

beforeEach(async () => {
  setUp = await setUpOrganization();
  ({ upstream, key, path } = setUp);
  down = new Set();
  mode = "fails";
});

/** A binding whose calls fail, hang or are late while its part is down. */
function breakable<T extends object>(part: Part, real: T): T {
  return new Proxy(real, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (name === "getByName") return breakable(part, member.apply(target, args) as object);
        const real = () => (target as Record<PropertyKey, (...given: unknown[]) => unknown>)[name]?.(...args);
        if (!down.has(part)) return real();
        if (mode === "is slow") return scheduler.wait(SLOW_MS).then(real);
        return mode === "fails" ? Promise.reject(new Error(`${part} is down`)) : new Promise(() => {});
      };
    },
  });
}

const createEdge = (): TestIsolate =>
  createIsolate({
    ORGANIZATIONS: breakable("kv_read", env.ORGANIZATIONS),
    ORGANIZATION: breakable("organization_object", env.ORGANIZATION),
    DIRECTORY: breakable("directory", env.DIRECTORY),
    API_KEY: breakable("key_object", env.API_KEY),
  });

const CALLERS = 10;
/** Responses to concurrent calls of one isolate. */
const load = async (isolate: TestIsolate) =>
  await Promise.all(Array.from({ length: CALLERS }, () => isolate.call(path, { key })));
const degradedIn = (line: Json) => ((line["degraded"] ?? []) as string[]).toSorted();
const requestLines = () =>
  logLines().filter((line) => line["route"] === "/v1/b2b/organizations/{organization_id}");

/** All sets of parts that are not empty. */
const subsets = Array.from({ length: 2 ** PARTS.length - 1 }, (_, bits) =>
  PARTS.filter((_, index) => ((bits + 1) >> index) & 1),
);

describe("a warm isolate", () => {
  const cases: [Mode, readonly Part[]][] = [
    ...subsets.map((parts): [Mode, readonly Part[]] => ["fails", parts]),
    ...PARTS.map((part): [Mode, readonly Part[]] => ["hangs", [part]]),
    ["hangs", PARTS],
  ];
  test.each(cases)("a warm isolate serves on and recovers if this %s: %j", async (how, parts) => {
    const edge = createEdge();
    await edge.call(path, { key });
    clock.at(6);
    [mode, down] = [how, new Set(parts)];
    const before = requestLines().length;
    for (const response of await load(edge)) {
      expect(response.status).toBe(200);
      expect((await response.json<Json>())["organization"]).toEqual(setUp.organization);
    }
    const lines = requestLines().slice(before);
    expect(lines).toHaveLength(CALLERS);
    // A hit does not call the organization's object.
    const missed = parts.filter((part) => part !== "organization_object").toSorted();
    for (const line of lines)
      expect(degradedIn(line).every((part) => missed.includes(part as never))).toBe(true);
    expect(new Set(lines.flatMap(degradedIn))).toEqual(new Set(missed));
    expect(upstream.requests).toHaveLength(1);

    down = new Set();
    if (parts.length === PARTS.length) await evictAllDurableObjects();
    clock.at(12);
    for (const response of await load(edge)) expect(response.status).toBe(200);
    expect(degradedIn(requestLines().at(-1) ?? {})).toEqual([]);
  });
});

describe("a cold isolate", () => {
  test.each<[readonly Part[], Mode, number, readonly Part[]]>([
    [["kv_read"], "fails", 200, ["kv_read"]],
    [["kv_read"], "hangs", 200, ["kv_read"]],
    [["organization_object"], "fails", 200, ["organization_object"]],
    [["directory"], "fails", 200, ["directory"]],
    [["directory"], "hangs", 200, ["directory"]],
    [
      ["kv_read", "organization_object", "directory"],
      "fails",
      200,
      ["directory", "kv_read", "organization_object"],
    ],
    [["key_object"], "fails", 503, ["key_object"]],
    [["key_object"], "hangs", 503, ["key_object"]],
    [PARTS, "fails", 503, ["directory", "key_object"]],
  ])("a cold isolate, while %j %s, answers %i", async (parts, how, status, named) => {
    [mode, down] = [how, new Set(parts)];
    const responses = await load(createEdge());
    for (const response of responses) {
      expect(response.status).toBe(status);
      if (status === 503) {
        expect(await response.json()).toMatchObject({ error_type: "key_service_unavailable" });
        expect(response.headers.get("Retry-After")).toBe("1");
      }
    }
    for (const line of requestLines())
      expect(degradedIn(line).every((part) => named.includes(part as Part))).toBe(true);
    expect(new Set(requestLines().flatMap(degradedIn))).toEqual(new Set(named));
    if (status === 503) expect(upstream.requests).toHaveLength(0);
    down = new Set();
    expect((await createEdge().call(path, { key })).status).toBe(200);
  });
});

describe("slow parts", () => {
  const cases: (readonly Part[])[] = [...PARTS.map((part) => [part]), PARTS];
  test.each(cases.map((parts) => ({ names: parts.join(", "), parts })))(
    "slow parts delay a call, and do not fail it: $names",
    async ({ parts }) => {
      [mode, down] = ["is slow", new Set(parts)];
      const edge = createEdge();
      const began = performance.now();
      for (const response of await load(edge)) expect(response.status).toBe(200);
      // A cold isolate waits for each part.
      expect(performance.now() - began).toBeGreaterThanOrEqual(SLOW_MS - 1);
      clock.at(6);
      for (const response of await load(edge)) {
        expect(response.status).toBe(200);
        expect((await response.json<Json>())["organization"]).toEqual(setUp.organization);
      }
      expect(requestLines().flatMap(degradedIn)).toEqual([]);
      expect(upstream.requests).toHaveLength(1);
    },
  );
});
