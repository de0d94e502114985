/** How the start of a Worker fails: with an error in every case, since `npm start` would otherwise wait for ever. */
import { EventEmitter } from "node:events";
import { createServer, type Server } from "node:net";
import { expect, test, vi } from "vitest";
import { serve } from "../../dev/serve.ts";
import { awaitStart, PortTakenError, startOnPort } from "../../dev/worker-start.ts";

const PENDING = new Promise<never>(() => {});

async function takePort(): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { server, port: typeof address === "object" && address !== null ? address.port : 0 };
}

test("a Worker on a taken port is an error that says so", async () => {
  const { server, port } = await takePort();
  const options = { port, vars: {}, persist: false, onLogLine: () => {} };
  const failure = await serve("sandbox/wrangler.toml", options).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(PortTakenError);
  expect(String(failure)).toMatch(/sandbox\/wrangler\.toml did not start: Address already in use/);
  await new Promise((resolve) => server.close(resolve));
});

test.each([
  ["error", new Error("gone"), "gone"],
  ["error", { reason: "Failed to start", cause: new Error("gone") }, "Failed to start: gone"],
  ["buildFailed", { reason: "Failed to build", cause: {} }, "Failed to build"],
])("wrangler's event %s ends a start, case %#", async (name, event, text) => {
  const events = new EventEmitter();
  const started = awaitStart("a Worker", events, PENDING);
  events.emit(name, event);
  await expect(started).rejects.toThrow(`a Worker did not start: ${text}`);
  expect(events.listenerCount(name)).toBe(0);
});

test("a start of which nothing is heard ends at its time limit", async () => {
  await expect(awaitStart("a Worker", new EventEmitter(), PENDING, 20)).rejects.toThrow(
    "a Worker did not start within 0.02 s.",
  );
});

test("a server that listens has not started before its Worker is loaded", async () => {
  const events = new EventEmitter();
  await expect(awaitStart("a Worker", events, Promise.resolve(), 20)).rejects.toThrow("within 0.02 s");
  const started = awaitStart("a Worker", events, Promise.resolve());
  events.emit("reloadComplete");
  await expect(started).resolves.toBeUndefined();
});

test("a server whose port is taken meanwhile starts on any free one", async () => {
  const start = (port: number) =>
    port === 8788 ? Promise.reject(new PortTakenError("taken")) : Promise.resolve(port);
  expect(await startOnPort(8788, start)).toBe(0);
  expect(await startOnPort(9000, start)).toBe(9000);
  const failing = (port: number) => Promise.reject(new PortTakenError(`no ${port}`));
  await expect(startOnPort(0, failing)).rejects.toThrow("no 0");
});

test("a server that fails for another reason than its port is not started again", async () => {
  const start = vi.fn<(port: number) => Promise<number>>(async () => {
    throw new Error("a syntax error");
  });
  await expect(startOnPort(8788, start)).rejects.toThrow("a syntax error");
  expect(start).toHaveBeenCalledTimes(1);
});
