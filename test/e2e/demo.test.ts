/** The demo of `npm start -- --demo`, at a multiple of its speed, over sockets. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { ADMIN_TOKEN } from "../../dev/credentials.ts";
import { runDemo } from "../../dev/demo.ts";
import { DEMO_CALLERS } from "../../dev/demo-callers.ts";
import { type SandboxedPostern, startPostern } from "./postern.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startPostern({ CACHE_FRESH_SECONDS: "1", LEASE_SECONDS: "1" });
});
afterAll(async () => await postern.stop());

const target = () => ({ url: postern.url, adminToken: ADMIN_TOKEN, sandboxUrl: postern.sandboxUrl });

interface Listed {
  readonly keys: readonly { name: string; status: string; generation: number }[];
}
/** A busy machine takes its time for what is reported in the background. */
const MAY_BE_SLOW = { timeout: 10_000 };
const readJson = async (path: string) => (await (await postern.admin("GET", path)).json()) as unknown;

test("the demo fills the overview with every outcome, and each key shows its part", async () => {
  const lines: string[] = [];
  const options = { signal: new AbortController().signal, onLine: (line: string) => void lines.push(line) };
  const statuses = await runDemo(target(), { ...options, speed: 6 });
  expect(lines.at(-1)).toMatch(/^Demo: it is over: [\d,]+ calls, /);
  expect(lines.filter((line) => line.includes("failed:") || line.includes("early"))).toEqual([]);
  expect([200, 401, 403, 404, 429, 503].filter((status) => !statuses.has(status))).toEqual([]);
  // Neither a call without an answer nor a fault of Postern itself.
  expect([0, 500].filter((status) => statuses.has(status))).toEqual([]);

  // Its figures arrive within seconds, without another call.
  await vi.waitFor(async () => {
    const overview = (await readJson("/admin/overview?hours=2")) as {
      totals: Record<string, number>;
      top_keys: { name: string; rate_limited: number }[];
    };
    for (const [name, total] of Object.entries(overview.totals))
      expect([name, total > 0]).toEqual([name, true]);
    const calls = [...statuses.values()].reduce((sum, each) => sum + each, 0);
    // And the forged keys.
    expect(overview.totals["requests"]).toBeGreaterThanOrEqual(calls);
    const [refusedMost] = overview.top_keys.toSorted((a, b) => b.rate_limited - a.rate_limited);
    expect(refusedMost?.name).toBe("Nightly CRM export");
  }, MAY_BE_SLOW);

  const { keys } = (await readJson("/admin/keys?limit=200")) as Listed;
  const statusOf = (name: string) => keys.find((key) => key.name === name)?.status;
  expect(keys.map(({ name }) => name).sort()).toEqual(DEMO_CALLERS.map(({ name }) => name).sort());
  expect([statusOf("Contractor (laptop)"), statusOf("Trial: Northwind")]).toEqual(["revoked", "expired"]);
  expect(statusOf("Storefront")).toBe("active");
});

test("a demo that is stopped ends without a word, and the next one uses its keys again", async () => {
  const controller = new AbortController();
  const lines: string[] = [];
  const demo = runDemo(target(), {
    signal: controller.signal,
    onLine: (line) => {
      lines.push(line);
      if (line.includes("is purged")) controller.abort();
    },
    speed: 6,
  });
  await demo;
  expect(lines.at(-1)).toContain("is purged");
  const { keys } = (await readJson("/admin/keys?q=Storefront")) as Listed;
  expect(keys.map(({ name, generation }) => [name, generation])).toEqual([["Storefront", 2]]);
});

test("a demo that nobody answers ends early, and says so", async () => {
  const lines: string[] = [];
  const options = { signal: new AbortController().signal, onLine: (line: string) => void lines.push(line) };
  await runDemo({ ...target(), adminToken: "wrong" }, options);
  expect(lines).toEqual(["Demo: it ended early: GET /admin/keys was answered with 401."]);
});
