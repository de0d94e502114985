import { describe, expect, test, vi } from "vitest";
import { useIdleObjects } from "../support/settle.ts";
import { ACME_PATH, addFault, get, getOrganization, getWithFault, useSandbox } from "./harness.ts";

useIdleObjects();

function getReader(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error("The response has no body.");
  return response.body.getReader();
}

useSandbox();

describe("incomplete bodies", () => {
  test("hang sends nothing until the caller aborts", async () => {
    vi.useFakeTimers();
    await addFault({ kind: "hang" });
    const caller = new AbortController();
    const settled = vi.fn();
    const response = get(ACME_PATH, { signal: caller.signal });
    response.then(settled, settled);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(settled).not.toHaveBeenCalled();
    caller.abort(new Error("enough"));
    await expect(response).rejects.toThrow();
    expect(vi.getTimerCount()).toBe(0);
  });

  test("drip sends the headers at once and then one byte a second", async () => {
    vi.useFakeTimers();
    const response = await getWithFault({ kind: "drip" });
    expect(response.status).toBe(200);
    const body = getReader(response);
    expect((await body.read()).value).toEqual(new TextEncoder().encode("{"));
    const arrived = vi.fn();
    const second = body.read();
    second.then(arrived, arrived);
    await vi.advanceTimersByTimeAsync(999);
    expect(arrived).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect((await second).value).toEqual(new TextEncoder().encode('"'));
  });

  test("drip sends the whole body in the end", async () => {
    vi.useFakeTimers();
    const text = (await getWithFault({ kind: "drip" }, "/unknown")).text();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(JSON.parse(await text)).toHaveProperty("error_type", "route_not_found");
  });

  test("cut sends half the body and then fails", async () => {
    const whole = await (await getOrganization("acme")).arrayBuffer();
    const body = getReader(await getWithFault({ kind: "cut" }));
    const { value } = await body.read();
    expect(value?.length).toBe(Math.floor(whole.byteLength / 2));
    await expect(body.read()).rejects.toThrow("cut");
  });

  test("endless starts like a real body and exceeds 5 MB", async () => {
    const body = getReader(await getWithFault({ kind: "endless" }));
    let text = "";
    while (text.length < 5_000_000) {
      const { done, value } = await body.read();
      expect(done).toBe(false);
      text += new TextDecoder().decode(value);
    }
    await body.cancel();
    expect(text).toMatch(/^\{"organization":\{/);
  });
});
