/** The requests of a load, sent to a server of this process, which answers at once. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createLoadSender, measureCapacity } from "../../bench/load-sender.ts";

let requested: string[] = [];
let underWay = 0;
let mostUnderWay = 0;
const server = createServer((request, response) => {
  requested.push(String(request.url));
  underWay += 1;
  mostUnderWay = Math.max(mostUnderWay, underWay);
  setImmediate(() => {
    underWay -= 1;
    const isHit = request.url === "/hit" && request.headers.authorization === "Bearer key";
    response.writeHead(request.url === "/refused" ? 429 : 200, {
      "Cache-Status": isHit ? "hit" : "fwd=miss",
    });
    response.end("{}");
  });
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => void server.close());
beforeEach(() => {
  requested = [];
  mostUnderWay = 0;
});

const createSender = (paths: readonly string[]) =>
  createLoadSender({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths,
    headers: { Authorization: "Bearer key" },
    statuses: [200],
    cacheStatus: /^hit$/,
  });

test("paths are requested in turn, and only answers with the Cache-Status of the load count", async () => {
  const { send, close } = createSender(["/hit", "/miss"]);
  const counted = [await send(), await send(), await send()];
  await close();
  expect(counted).toEqual([true, false, true]);
  expect(requested).toEqual(["/hit", "/miss", "/hit"]);
});

test("an answer with another status is a failure that names the path", async () => {
  const { send, close } = createSender(["/refused"]);
  await expect(send()).rejects.toThrow(/\/refused: status 429$/);
  await close();
});

test("the closed loop has one request under way for each caller, and no more", async () => {
  const { send, close } = createSender(["/hit"]);
  const capacity = await measureCapacity(send, { callers: 4, requests: 40, seconds: 0 });
  await close();
  expect(requested).toHaveLength(40);
  expect(mostUnderWay).toBeLessThanOrEqual(4);
  expect(mostUnderWay).toBeGreaterThan(1);
  expect(capacity).toBeGreaterThan(0);
});
