/**
 * Parts of the platform fail, hang or are slow, each alone and all together, under load: what callers get, what the log
 * names, and the recovery.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Json } from "./support/bodies.ts";
import { holdCallTimeout } from "./support/call-timeouts.ts";
import { useClock } from "./support/clock.ts";
import { createIsolate, type TestIsolate } from "./support/deployment.ts";
import { logLines } from "./support/egress.ts";
import { type OrganizationSetUp, setUpOrganization } from "./support/setup.ts";
import { stubUpstream } from "./support/upstream.ts";

const PARTS = ["kv_read", "organization_object", "directory", "key_object"] as const;
type Part = (typeof PARTS)[number];
type Mode = "fails" | "hangs" | "is slow";
/** Less than the timeout of any part. */
const SLOW_MS = 50;
/** After how long the timeouts of calls that hang expire here. */
const HUNG_MS = 20;

const clock = useClock();

/** An organization with its key, and isolates whose bindings have the faults of the case. */
interface Case extends OrganizationSetUp {
  readonly parts: readonly Part[];
  down: ReadonlySet<Part>;
  createEdge(): TestIsolate;
  /** How often Stytch was asked for the organization. */
  upstreamCalls(): number;
}

/** Cases that run at the same time wait for their timeouts at the same time. */
async function setUpCases(mode: Mode, sets: readonly (readonly Part[])[]): Promise<Case[]> {
  const cases: Case[] = [];
  const upstream = stubUpstream(({ url }) => {
    const asked = cases.find(({ path }) => url.endsWith(path));
    if (asked === undefined) throw new Error(`no case has ${url}`);
    return asked.respond();
  });
  for (const parts of sets) {
    const setUp = await setUpOrganization({ upstream });
    const one: Case = {
      ...setUp,
      parts,
      down: new Set(),
      createEdge: () =>
        createIsolate({
          ORGANIZATIONS: breakable(one, mode, "kv_read", env.ORGANIZATIONS),
          ORGANIZATION: breakable(one, mode, "organization_object", env.ORGANIZATION),
          DIRECTORY: breakable(one, mode, "directory", env.DIRECTORY),
          API_KEY: breakable(one, mode, "key_object", env.API_KEY),
        }),
      upstreamCalls: () => upstream.requests.filter(({ url }) => url.endsWith(setUp.path)).length,
    };
    cases.push(one);
  }
  return cases;
}

/** A binding whose calls fail, hang or are late while its part is down. */
function breakable<T extends object>(faults: Pick<Case, "down">, mode: Mode, part: Part, real: T): T {
  return new Proxy(real, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        if (name === "getByName") return breakable(faults, mode, part, member.apply(target, args) as object);
        const real = () => (target as Record<PropertyKey, (...given: unknown[]) => unknown>)[name]?.(...args);
        if (!faults.down.has(part)) return real();
        if (mode === "is slow") return scheduler.wait(SLOW_MS).then(real);
        if (mode === "fails") return Promise.reject(new Error(`${part} is down`));
        void scheduler.wait(HUNG_MS).then(holdCallTimeout());
        return new Promise(() => {});
      };
    },
  });
}

const CALLERS = 10;
/** Responses to concurrent calls of one isolate. */
const load = async (isolate: TestIsolate, { path, key }: Case) =>
  await Promise.all(Array.from({ length: CALLERS }, () => isolate.call(path, { key })));
const degradedIn = (line: Json) => ((line["degraded"] ?? []) as string[]).toSorted();
/** The log lines of these responses. */
function linesOf(responses: readonly Response[]): Json[] {
  const ids = new Set(responses.map(({ headers }) => headers.get("X-Request-Id")));
  return logLines().filter(({ request_id }) => ids.has(request_id as string));
}

/** All sets of parts that are not empty. */
const SUBSETS = Array.from({ length: 2 ** PARTS.length - 1 }, (_, bits) =>
  PARTS.filter((_, index) => ((bits + 1) >> index) & 1),
);
const EACH_AND_ALL: readonly (readonly Part[])[] = [...PARTS.map((part) => [part]), PARTS];

describe("a warm isolate", () => {
  async function serveOn(mode: Mode, sets: readonly (readonly Part[])[]) {
    const warm: { one: Case; edge: TestIsolate }[] = [];
    for (const one of await setUpCases(mode, sets)) {
      const edge = one.createEdge();
      await edge.call(one.path, { key: one.key });
      warm.push({ one, edge });
    }
    clock.at(6);
    await Promise.all(warm.map(({ one, edge }) => serveWhileDown(one, edge)));
    if (sets.includes(PARTS)) await evictAllDurableObjects();
    clock.at(12);
    for (const { one, edge } of warm) {
      const responses = await load(edge, one);
      for (const response of responses) expect(response.status).toBe(200);
      expect(degradedIn(linesOf(responses).at(-1) ?? {})).toEqual([]);
    }
  }

  async function serveWhileDown(one: Case, edge: TestIsolate) {
    one.down = new Set(one.parts);
    const responses = await load(edge, one);
    for (const response of responses) {
      expect(response.status).toBe(200);
      expect((await response.json<Json>())["organization"]).toEqual(one.organization);
    }
    const lines = linesOf(responses);
    expect(lines).toHaveLength(CALLERS);
    // A hit does not call the organization's object.
    const missed = one.parts.filter((part) => part !== "organization_object").toSorted();
    for (const line of lines)
      expect(degradedIn(line).every((part) => missed.includes(part as never))).toBe(true);
    expect(new Set(lines.flatMap(degradedIn))).toEqual(new Set(missed));
    expect(one.upstreamCalls()).toBe(1);
    one.down = new Set();
  }

  test.each(SUBSETS.map((parts) => [parts]))(
    "a warm isolate serves on and recovers if this fails: %j",
    async (parts) => await serveOn("fails", [parts.length === PARTS.length ? PARTS : parts]),
  );

  test("a warm isolate serves on and recovers if any part hangs, or all do", async () => {
    await serveOn("hangs", EACH_AND_ALL);
  });
});

describe("a cold isolate", () => {
  interface Expected {
    readonly status: number;
    readonly named: readonly Part[];
  }
  async function answer(one: Case, { status, named }: Expected) {
    one.down = new Set(one.parts);
    const responses = await load(one.createEdge(), one);
    for (const response of responses) {
      expect(response.status).toBe(status);
      if (status === 503) {
        expect(await response.json()).toMatchObject({ error_type: "key_service_unavailable" });
        expect(response.headers.get("Retry-After")).toBe("1");
      }
    }
    const lines = linesOf(responses);
    expect(lines).toHaveLength(CALLERS);
    for (const line of lines)
      expect(degradedIn(line).every((part) => named.includes(part as Part))).toBe(true);
    expect(new Set(lines.flatMap(degradedIn))).toEqual(new Set(named));
    if (status === 503) expect(one.upstreamCalls()).toBe(0);
    one.down = new Set();
    expect((await one.createEdge().call(one.path, { key: one.key })).status).toBe(200);
  }

  test.each<[readonly Part[], number, readonly Part[]]>([
    [["kv_read"], 200, ["kv_read"]],
    [["organization_object"], 200, ["organization_object"]],
    [["directory"], 200, ["directory"]],
    [["kv_read", "organization_object", "directory"], 200, ["directory", "kv_read", "organization_object"]],
    [["key_object"], 503, ["key_object"]],
    [PARTS, 503, ["directory", "key_object"]],
  ])("a cold isolate, while %j fails, answers %i", async (parts, status, named) => {
    for (const one of await setUpCases("fails", [parts])) await answer(one, { status, named });
  });

  test("a cold isolate answers 200 without KV or Directory, 503 if its key's object hangs", async () => {
    const statuses = new Map<Part, number>([
      ["kv_read", 200],
      ["directory", 200],
      ["key_object", 503],
    ]);
    const cases = await setUpCases(
      "hangs",
      [...statuses.keys()].map((part) => [part]),
    );
    await Promise.all(
      cases.map(async (one) => {
        for (const part of one.parts) await answer(one, { status: statuses.get(part) ?? 0, named: [part] });
      }),
    );
  });
});

test("slow parts delay a call, and do not fail it: each alone, and all", async () => {
  const cases = await setUpCases("is slow", EACH_AND_ALL);
  const slow = cases.map((one) => ({ one, edge: one.createEdge() }));
  const checked = async ({ one, edge }: (typeof slow)[number]) => {
    const responses = await load(edge, one);
    for (const response of responses) {
      expect(response.status).toBe(200);
      expect((await response.json<Json>())["organization"]).toEqual(one.organization);
    }
    expect(linesOf(responses).flatMap(degradedIn)).toEqual([]);
    expect(one.upstreamCalls()).toBe(1);
  };
  await Promise.all(
    slow.map(async ({ one, edge }) => {
      one.down = new Set(one.parts);
      const began = performance.now();
      await checked({ one, edge });
      // A cold isolate waits for each part.
      expect(performance.now() - began).toBeGreaterThanOrEqual(SLOW_MS - 1);
    }),
  );
  clock.at(6);
  await Promise.all(slow.map(checked));
});
