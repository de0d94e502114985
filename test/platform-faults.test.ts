/** Parts of the platform that fail, hang or are slow, each alone and all together, under load: what callers are told, the log, and that it passes. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Json, organization, organizationEnvelope } from "./support/bodies.ts";
import { createIsolate, createKey, type TestIsolate } from "./support/deployment.ts";
import { logLines } from "./support/guard.ts";
import { json, stubUpstream, type Upstream } from "./support/upstream.ts";

const NOW = 1_800_000_000_000;
const PARTS = ["kv_read", "organization_object", "directory", "key_object"] as const;
type Part = (typeof PARTS)[number];
type Mode = "fails" | "hangs" | "is slow";
/** Within every bound that a part has. */
const SLOW_MS = 120;

let org: Json;
let upstream: Upstream;
let key: string;
let path: string;
let down: ReadonlySet<Part>;
let mode: Mode;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: NOW });
  org = organization();
  path = `/v1/b2b/organizations/${org["organization_id"]}`;
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  down = new Set();
  mode = "fails";
  ({ key } = await createKey(createIsolate(), ["organizations:read"]));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});
const at = (ms: number) => vi.setSystemTime(NOW + ms);

/** Each call of a part that is down fails, is never answered, or late. */
function broken<T extends object>(part: Part, real: T): T {
  return new Proxy(real, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (name === "getByName") return broken(part, member.apply(target, args) as object);
        const real = () => (target as Record<PropertyKey, (...given: unknown[]) => unknown>)[name]?.(...args);
        if (!down.has(part)) return real();
        if (mode === "is slow") return scheduler.wait(SLOW_MS).then(real);
        return mode === "fails" ? Promise.reject(new Error(`${part} is down`)) : new Promise(() => {});
      };
    },
  });
}

const edgeIsolate = (): TestIsolate =>
  createIsolate({
    ORGANIZATIONS: broken("kv_read", env.ORGANIZATIONS),
    ORGANIZATION: broken("organization_object", env.ORGANIZATION),
    DIRECTORY: broken("directory", env.DIRECTORY),
    API_KEY: broken("key_object", env.API_KEY),
  });

const CALLERS = 10;
const load = async (isolate: TestIsolate) =>
  await Promise.all(Array.from({ length: CALLERS }, () => isolate.call(path, { key })));
const degradedIn = (line: Json) => ((line["degraded"] ?? []) as string[]).toSorted();
const requestLines = () =>
  logLines().filter((line) => line["route"] === "/v1/b2b/organizations/{organization_id}");

const subsets = Array.from({ length: 2 ** PARTS.length - 1 }, (_, bits) =>
  PARTS.filter((_, index) => ((bits + 1) >> index) & 1),
);

describe("an isolate that knows the key and the organization answers as before, says what it did without, and recovers", () => {
  const cases: [Mode, readonly Part[]][] = [
    ...subsets.map((parts): [Mode, readonly Part[]] => ["fails", parts]),
    ...PARTS.map((part): [Mode, readonly Part[]] => ["hangs", [part]]),
    ["hangs", PARTS],
  ];
  test.each(cases)("while there %s: %j", async (how, parts) => {
    const edge = edgeIsolate();
    await edge.call(path, { key });
    at(6_000);
    [mode, down] = [how, new Set(parts)];
    const before = requestLines().length;
    for (const answer of await load(edge)) {
      expect(answer.status).toBe(200);
      expect((await answer.json<Json>())["organization"]).toEqual(org);
    }
    const lines = requestLines().slice(before);
    expect(lines).toHaveLength(CALLERS);
    // A hit asks the organization's object for nothing.
    const missed = parts.filter((part) => part !== "organization_object").toSorted();
    for (const line of lines)
      expect(degradedIn(line).every((part) => missed.includes(part as never))).toBe(true);
    expect(new Set(lines.flatMap(degradedIn))).toEqual(new Set(missed));
    expect(upstream.requests).toHaveLength(1);

    down = new Set();
    if (parts.length === PARTS.length) await evictAllDurableObjects();
    at(12_000);
    for (const answer of await load(edge)) expect(answer.status).toBe(200);
    expect(degradedIn(requestLines().at(-1) ?? {})).toEqual([]);
  });
});

describe("a new isolate", () => {
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
  ])("while %j: %s is answered %i, and the log names %j", async (parts, how, status, named) => {
    [mode, down] = [how, new Set(parts)];
    const answers = await load(edgeIsolate());
    for (const answer of answers) {
      expect(answer.status).toBe(status);
      if (status === 503) {
        expect(await answer.json()).toMatchObject({ error_type: "key_service_unavailable" });
        expect(answer.headers.get("Retry-After")).toBe("1");
      }
    }
    for (const line of requestLines())
      expect(degradedIn(line).every((part) => named.includes(part as Part))).toBe(true);
    expect(new Set(requestLines().flatMap(degradedIn))).toEqual(new Set(named));
    if (status === 503) expect(upstream.requests).toHaveLength(0);
    down = new Set();
    expect((await edgeIsolate().call(path, { key })).status).toBe(200);
  });
});

describe("parts that are slow, but within their bounds, cost time and nothing else", () => {
  const cases: (readonly Part[])[] = [...PARTS.map((part) => [part]), PARTS];
  test.each(cases.map((parts) => ({ parts })))("$parts", async ({ parts }) => {
    [mode, down] = ["is slow", new Set(parts)];
    const edge = edgeIsolate();
    const began = performance.now();
    for (const answer of await load(edge)) expect(answer.status).toBe(200);
    // A new isolate needs each of them.
    expect(performance.now() - began).toBeGreaterThanOrEqual(SLOW_MS - 1);
    at(6_000);
    for (const answer of await load(edge)) {
      expect(answer.status).toBe(200);
      expect((await answer.json<Json>())["organization"]).toEqual(org);
    }
    expect(requestLines().flatMap(degradedIn)).toEqual([]);
    expect(upstream.requests).toHaveLength(1);
  });
});
