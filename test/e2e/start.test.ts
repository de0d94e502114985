/** `npm start` as a process, as far as it can go wrong before anything is served. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processEnv } from "../support/process-env.ts";

const ENTRY = fileURLToPath(new URL("../../dev/start.ts", import.meta.url));

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "start-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

async function start(args: readonly string[], env: Record<string, string>) {
  return await new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const options = { cwd: directory, env: { ...processEnv(), ...env } };
    execFile(process.execPath, [ENTRY, ...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

test("npm start on a taken port suggests another one and writes nothing", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { code, err } = await start([], { PORT: `${port}` });
  await new Promise((resolve) => server.close(resolve));
  expect(code).toBe(1);
  const [, taken, suggested] = /^Port (\d+) is taken\. .*PORT=(\d+) npm start\n$/.exec(err) ?? [];
  expect(Number(taken)).toBe(port);
  expect(Number(suggested)).not.toBe(port);
  expect(readdirSync(directory)).toEqual([]);
});

test("npm start -- --port is an error that names PORT", async () => {
  const { code, err } = await start(["--port", "8993"], {});
  expect(code).toBe(1);
  expect(err).toContain("PORT=8993 npm start");
});

test("npm start -- --help prints the usage", async () => {
  expect(await start(["--help"], {})).toMatchObject({
    code: 0,
    out: expect.stringContaining("Usage: npm start"),
    err: "",
  });
});
