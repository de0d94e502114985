import { describe, expect, test } from "vitest";
import {
  authorization,
  get,
  getOrganization,
  readRequestLog,
  send,
  sendControl,
  useSandbox,
} from "./harness.ts";

useSandbox();

describe("request log", () => {
  test("an API call is logged with its raw path, query and headers", async () => {
    await get("/v1/b2b/organizations/crm%7C1001?include_deleted=True&x=1");
    const { total, requests } = await readRequestLog();
    expect(total).toBe(1);
    expect(requests).toEqual([
      {
        method: "GET",
        path: "/v1/b2b/organizations/crm%7C1001",
        search: "?include_deleted=True&x=1",
        headers: expect.objectContaining({ authorization }),
      },
    ]);
  });

  test("rejected and unknown calls are logged, control calls are not", async () => {
    await send("/v1/b2b/organizations/acme");
    await send("/unknown", { method: "POST" });
    await sendControl("PUT", "latency", { ms: 0 });
    expect((await readRequestLog()).requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/b2b/organizations/acme",
      "POST /unknown",
    ]);
  });

  test("the log keeps the last 1,000 calls and counts all", async () => {
    for (let call = 0; call < 1002; call += 1) await send(`/unknown/${call}`);
    const { total, requests } = await readRequestLog();
    expect([total, requests.length]).toEqual([1002, 1000]);
    expect([requests[0]?.path, requests.at(-1)?.path]).toEqual(["/unknown/2", "/unknown/1001"]);
  });

  test("DELETE requests clears the log and the count", async () => {
    await getOrganization("acme");
    expect((await sendControl("DELETE", "requests")).status).toBe(204);
    expect(await readRequestLog()).toEqual({ total: 0, requests: [] });
  });
});
