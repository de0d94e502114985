/** The lock of the local state, between processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { processEnv } from "../support/process-env.ts";

const ENTRY = fileURLToPath(new URL("../../dev/start.ts", import.meta.url));
const LOCK = new URL("../../dev/state-lock.ts", import.meta.url).href;
/** Says whether it has the lock, and keeps it until it is killed. */
const HOLDER = `import { lockState } from "${LOCK}"; console.log(lockState()); setInterval(() => {}, 1_000);`;
const ASKER = `import { isStateLocked } from "${LOCK}"; console.log(isStateLocked());`;

let directory: string;
let children: ChildProcess[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lock-"));
  children = [];
});
afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

/** Starts a process and resolves to it and the first thing that it prints. */
async function run(args: readonly string[]): Promise<{ child: ChildProcess; printed: string }> {
  const child = spawn(process.execPath, args, { cwd: directory, env: processEnv() });
  children.push(child);
  const printed = await new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) stream?.once("data", (data) => resolve(`${data}`));
  });
  return { child, printed: printed.trim() };
}

const evaluate = (script: string) => run(["--input-type=module", "-e", script]);

test("of several processes that start at the same moment, one gets the lock", async () => {
  const printed = await Promise.all([1, 2, 3].map(async () => (await evaluate(HOLDER)).printed));
  expect(printed.toSorted()).toEqual(["false", "false", "true"]);
});

test("the lock of a process that was killed can be taken at once", async () => {
  const { child, printed } = await evaluate(HOLDER);
  expect(printed).toBe("true");
  expect((await evaluate(ASKER)).printed).toBe("true");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect((await evaluate(ASKER)).printed).toBe("false");
  expect((await evaluate(HOLDER)).printed).toBe("true");
});

test("whoever asks about the lock of a folder without a state writes nothing", async () => {
  expect((await evaluate(ASKER)).printed).toBe("false");
  expect(existsSync(join(directory, ".wrangler"))).toBe(false);
});

test("npm start in a folder whose Postern runs says so and makes no secrets", async () => {
  await evaluate(HOLDER);
  const { child, printed } = await run([ENTRY]);
  expect(printed).toMatch(/^Postern already runs from this folder, .*\nStop the first with Ctrl-C/);
  const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
  expect(code).toBe(1);
  expect(existsSync(join(directory, ".wrangler/postern-local.json"))).toBe(false);
});
