/** The port of the sandbox, which somebody may take between the look for a free one and the start. */
import { createServer } from "node:net";
import { expect, test, vi } from "vitest";
import { type BuiltWorker, serveBuilt } from "../../dev/built-worker.ts";
import { startWithSandbox } from "../../dev/sandboxed-postern.ts";
import { PortTakenError } from "../../dev/worker-start.ts";

const listeners = () => process.getActiveResourcesInfo().filter((name) => name === "TCPServerWrap").length;

test("a built Worker on a taken port is an error that says so, and leaves nothing that listens", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const before = listeners();
  const started = serveBuilt({ sandbox: { configPath: "sandbox/wrangler.toml", vars: {}, port } });
  await expect(started).rejects.toBeInstanceOf(PortTakenError);
  expect(listeners()).toBe(before);
  await new Promise((resolve) => server.close(resolve));
});

test("what needs the sandbox is started again if its port was taken, and not after another failure", async () => {
  const start = vi.fn<(sandbox: BuiltWorker, sandboxUrl: string) => Promise<string>>();
  start.mockRejectedValueOnce(new PortTakenError("taken")).mockImplementationOnce(async (_, url) => url);
  const url = await startWithSandbox(start);
  const starts = start.mock.calls.map(([{ port }]) => `http://127.0.0.1:${port}`);
  expect(starts).toHaveLength(2);
  expect(starts.at(-1)).toBe(url);
  start.mockReset().mockRejectedValue(new Error("a syntax error"));
  await expect(startWithSandbox(start)).rejects.toThrow("a syntax error");
  expect(start).toHaveBeenCalledTimes(1);
});
