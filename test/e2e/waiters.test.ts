/** What the platform does with a request that waits for another of the same isolate: real requests to workerd. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningWorkers, serveBuilt } from "../../dev/built-worker.ts";

let workers: RunningWorkers<"waiters">;

beforeAll(async () => {
  workers = await serveBuilt({ waiters: { configPath: "test/e2e/waiters/wrangler.toml", vars: {} } });
  // The first requests take long: code is loaded and connections are opened.
  await Promise.all([get("/size"), get("/size"), get("/size"), get("/size")]);
});
afterAll(async () => await workers.stop());

const get = async (path: string, signal?: AbortSignal) =>
  await fetch(workers.origins.waiters + path, signal === undefined ? {} : { signal });
const size = async () => await (await get("/size")).json();
/** A slow machine takes its time to let several requests in. */
const PATIENCE = { interval: 20, timeout: 10_000 };

/** Requests that wait, once all of them do. */
async function waiting(count: number, timeoutMs: number): Promise<Promise<unknown>[]> {
  const requests = Array.from({ length: count }, async (_, index) => {
    const answer = await fetch(`${workers.origins.waiters}/wait?ms=${timeoutMs}`, {
      method: "POST",
      body: `waiter ${index}`,
    });
    return await answer.json();
  });
  await expect.poll(size, PATIENCE).toBe(count);
  return requests;
}

test("the Worker of this test has the compatibility date of Postern", () => {
  const dateIn = (file: string) => /^compatibility_date = .*$/m.exec(readFileSync(file, "utf8"))?.[0];
  expect(dateIn("test/e2e/waiters/wrangler.toml")).toBe(dateIn("wrangler.toml"));
});

test("a request that is woken by another goes on in its own context", async () => {
  const requests = await waiting(3, 10_000);
  await get("/notify?ms=1");
  expect(await Promise.all(requests)).toEqual(
    [0, 1, 2].map((index) => ({ notified: true, body: `waiter ${index}` })),
  );
  expect(await size()).toBe(0);
});

test("a waiter goes on after its timeout if its leader fails", async () => {
  const requests = await waiting(2, 2_000);
  expect((await get("/fail?ms=20")).status).toBe(500);
  expect(await Promise.all(requests)).toMatchObject([{ notified: false }, { notified: false }]);
  expect(await size()).toBe(0);
});

test("a waiter goes on after its timeout if the platform stops its leader", async () => {
  const requests = await waiting(2, 2_000);
  await get("/leave?ms=500");
  expect(await Promise.all(requests)).toMatchObject([{ notified: false }, { notified: false }]);
  expect(await size()).toBe(0);
});

test("a waiter goes on if its leader's client disconnects", async () => {
  const requests = await waiting(2, 2_000);
  const client = new AbortController();
  const leader = get("/notify?ms=500", client.signal);
  setTimeout(() => client.abort(), 100);
  await expect(leader).rejects.toThrow();
  expect(await Promise.all(requests)).toMatchObject([{ body: "waiter 0" }, { body: "waiter 1" }]);
  expect(await size()).toBe(0);
});

test("a waiter whose client disconnects does not keep the others from being woken", async () => {
  const [kept] = await waiting(1, 10_000);
  const client = new AbortController();
  const gone = fetch(`${workers.origins.waiters}/wait?ms=10000`, { method: "POST", signal: client.signal });
  await expect.poll(size, PATIENCE).toBe(2);
  client.abort();
  await expect(gone).rejects.toThrow();
  await get("/notify?ms=1");
  expect(await kept).toMatchObject({ notified: true });
  expect(await size()).toBe(0);
});

const leaders = async () => Number(await (await get("/leaders")).json());

/** Requests that share work which takes `ms`; the first is the leader. */
async function sharing(count: number, ms: number, signal?: AbortSignal) {
  const before = await leaders();
  const send = async (body: string, init: RequestInit = {}) =>
    await (
      await fetch(`${workers.origins.waiters}/share?ms=${ms}`, {
        method: "POST",
        body,
        ...init,
      })
    ).json();
  const leader = send("leader", signal === undefined ? {} : { signal });
  await expect.poll(leaders, PATIENCE).toBe(before + 1);
  const others = Array.from({ length: count }, async (_, index) => await send(`other ${index}`));
  return { before, leader, others };
}

test("requests at once share the work of one of them, and each goes on in its own context", async () => {
  const { before, leader, others } = await sharing(5, 300);
  expect(await leader).toEqual({ result: before + 1, body: "leader" });
  expect(await Promise.all(others)).toEqual(
    [0, 1, 2, 3, 4].map((index) => ({ result: before + 1, body: `other ${index}` })),
  );
  expect(await leaders()).toBe(before + 1);
});

test("the work of a leader whose client disconnects goes on for the others", async () => {
  const client = new AbortController();
  const { before, leader, others } = await sharing(3, 600, client.signal);
  client.abort();
  await expect(leader).rejects.toThrow();
  expect(await Promise.all(others)).toEqual(
    [0, 1, 2].map((index) => ({ result: before + 1, body: `other ${index}` })),
  );
  expect(await leaders()).toBe(before + 1);
});
