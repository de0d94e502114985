/** What documents say in dollars follows from `src/metrics/prices.ts`, and the formula of a month from what is counted. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withCostTables } from "../../bench/costs-page.ts";
import { DEFAULTS, type Load, monthlyCost, operationsPerSecond } from "../../bench/load-costs.ts";
import { READS_PER_WRITE } from "../../src/cache/object/write-policy.ts";
import {
  CPU_MS_PER_REQUEST,
  DOLLARS_PER_MILLION,
  dollarsPerMillion,
  PLAN_DOLLARS,
} from "../../src/metrics/prices.ts";

const read = (page: string) => readFileSync(`docs/${page}.md`, "utf8");

/** The cells of the first row that contains `text`, as numbers if they are some. */
const rowWith = (page: string, text: string) =>
  (
    read(page)
      .split("\n")
      .find((line) => line.startsWith("|") && line.includes(text)) ?? ""
  )
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim());

test("the tables of docs/costs.md follow from the prices and the formula", () => {
  const page = read("costs");
  expect(withCostTables(page) === page, "out of date: run npm run costs").toBe(true);
});

/** Reads by one isolate, as the benchmark counts them (docs/performance.md), but for the five keys with a limit. */
const COUNTED: Load = {
  requestsPerSecond: 500,
  isolates: 1,
  keys: 50,
  organizations: 1_000,
  memberShare: 0.02,
};

test("the formula errs by less than a quarter from what the benchmark counts", () => {
  const [, kvReads, , objectCalls, rowsWritten, upstreamCalls] = rowWith("performance", "mixed load, 500/s");
  const counted = { kvReads, objectCalls, rowsWritten, upstreamCalls };
  const computed = operationsPerSecond(COUNTED, DEFAULTS);
  for (const [name, text] of Object.entries(counted)) {
    const perRequest = computed[name as keyof typeof counted] / COUNTED.requestsPerSecond;
    expect(perRequest / Number(text), name).toBeGreaterThan(0.75);
    expect(perRequest / Number(text), name).toBeLessThan(1.25);
  }
});

test("a load within what the plan includes costs the plan, and each part only what is beyond it", () => {
  const small = monthlyCost({ ...COUNTED, requestsPerSecond: 0.1, keys: 1, organizations: 10 }, DEFAULTS);
  expect(small).toEqual({ plan: PLAN_DOLLARS, requests: 0, kv: 0, objects: 0, logs: 0, total: PLAN_DOLLARS });
  const large = monthlyCost({ ...COUNTED, requestsPerSecond: 10 }, DEFAULTS);
  // 26.28 million requests, of which ten are included; their CPU time is, too.
  expect(large.requests).toBeCloseTo(16.28 * 0.3, 2);
});

test("logs cost less if fewer hits are logged, and much more with a line for each invocation", () => {
  const logs = (settings: object) => monthlyCost(COUNTED, { ...DEFAULTS, ...settings }).logs;
  expect(logs({ logHitSampleRate: 0 })).toBeLessThan(logs({}));
  expect(logs({ invocationLogs: true })).toBeGreaterThan(5 * logs({}));
});

test.each([
  ["Postern: **mixed load", "**0.43** dollars with Postern", CPU_MS_PER_REQUEST, true],
  ["assembled: **mixed load", "**1.59** with what was assembled", 1.006, false],
])("docs/performance.md has the dollars of %s", (row, sentence, cpuMs, objectsCallStytch) => {
  const [, kvReads, kvWrites, objectCalls, rowsWritten, upstreamCalls] = rowWith("performance", row).map(
    Number,
  );
  const operations = { kvReads, kvWrites, objectCalls, rowsWritten, upstreamCalls, rowsRead: 0 };
  const dollars = dollarsPerMillion(
    operations as Parameters<typeof dollarsPerMillion>[0],
    1,
    cpuMs,
    objectsCallStytch,
  );
  expect(sentence).toContain(`**${dollars.toFixed(2)}**`);
  expect(read("performance")).toContain(sentence);
});

test("the documents take one figure for the CPU time of a request", () => {
  const text = `${CPU_MS_PER_REQUEST.toFixed(2)} ms`;
  for (const [page, count] of [
    ["costs", 2],
    ["monitoring", 1],
  ] as const)
    expect(read(page).match(/0\.\d+ ms/g), page).toEqual(Array.from({ length: count }, () => text));
});

test("the steps of docs/costs.md lead from the price of docs/performance.md to that of its own table", () => {
  const [, first] = rowWith("costs", "20 isolates, 50 keys");
  const [, last] = rowWith("costs", "and over 100 isolates");
  const counted = /\*\*([\d.]+)\*\* dollars with Postern/.exec(read("performance"))?.[1];
  expect(Number(first) / Number(counted)).toBeGreaterThan(0.75);
  expect(Number(first) / Number(counted)).toBeLessThan(1.25);
  expect(rowWith("costs", "100, 100, 10,000").at(-1)).toBe(last);
});

test("docs/costs.md and docs/caching.md say how many isolates one object serves", () => {
  // An isolate asks the Directory at half of a lease, and a key's object in its last second (docs/scale.md).
  const served = (seconds: number) => [seconds, seconds + 1 / 2].map((interval) => interval * 1_000);
  const range = (counts: number[]) => counts.map((count) => count.toLocaleString("en-US")).join(" to ");
  const [, directory, longer] = rowWith("costs", "the Directory: ");
  expect(directory).toContain(`some ${range(served(2.5))} of them`);
  expect(longer).toContain(`some ${range(served(7.5))}`);
  expect(read("caching")).toContain(`some ${range(served(2.5))}`);
  expect(rowWith("costs", "a key's object: ")[1]).toContain(`some ${range(served(4))} of them`);
});

test("docs/costs.md and docs/rate-limits.md have the object calls of a shared limit as measured", () => {
  const callsWith = (isolates: number) =>
    new RegExp(`^\\| ${isolates} +\\| ([\\d.]+) / .*\\| none +\\|$`, "m").exec(read("performance"))?.[1];
  const text = `${callsWith(1)} in one isolate, ${callsWith(16)} over 16, ${callsWith(64)} over 64, ${callsWith(256)} over 256`;
  for (const page of ["costs", "rate-limits"]) expect(read(page).replace(/\s+/g, " "), page).toContain(text);
});

test("the formula of docs/performance.md has the prices", () => {
  const [, formula = ""] = read("performance").split("million of each:\n\n```\n");
  const factors = [...(formula.split("```")[0] ?? "").matchAll(/([\d.]+) (?:·|requests)/g)].map(
    ([, factor]) => Number(factor),
  );
  expect([...factors].sort()).toEqual(Object.values(DOLLARS_PER_MILLION).sort());
});

test("docs/caching.md has the price of writes", () => {
  const rows = read("caching").match(/^\|[^|]+\| +[\d,]+ +\|[^|]+\|[^|]*\$[^|]+\|[^|]+\|$/gm) ?? [];
  expect(rows).toHaveLength(5);
  const last = (cell: string) => Number(/([\d.,]+)$/.exec(cell)?.[1]?.replace(",", ""));
  for (const row of rows) {
    const [refreshes = "", writes = "", cost = "", most = ""] = row
      .split("|")
      .slice(2, -1)
      .map((cell) => cell.trim());
    for (const [count, dollars] of [
      [writes, cost],
      [refreshes, most],
    ] as const) {
      const exact = (last(count) * DOLLARS_PER_MILLION.kvWrites) / 1e6;
      expect(Math.abs(last(dollars) - exact), row).toBeLessThanOrEqual(0.00005);
    }
  }
});

test("an organization is written to KV when its object has been asked as often as a write costs", () => {
  const { kvWrites, objectCalls } = DOLLARS_PER_MILLION;
  expect(READS_PER_WRITE).toBe(Math.floor(kvWrites / objectCalls));
});
