/** `npm run deploy` as a process. */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { processEnv } from "../support/process-env.ts";
import { CREDENTIALS, SECRET, secretsOf, useClone } from "./deployment.ts";

const ENTRY = fileURLToPath(new URL("../../deploy/start.mjs", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));

/** Nothing listens there, so no test asks Stytch itself. */
const NO_STYTCH = ["--var", "STYTCH_BASE_URL:http://127.0.0.1:9"];

const clone = useClone();

function start(args: readonly string[], env: Record<string, string>) {
  copyFileSync(CONFIG, join(clone.root, "wrangler.toml"));
  const child = spawn(process.execPath, [ENTRY, ...args], {
    cwd: clone.root,
    env: { ...processEnv(), TMPDIR: join(clone.root, "tmp"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      text += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { child, ended, text: () => text };
}

async function waitUntil(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 20));
}

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

test.each(["SIGINT", "SIGTERM", "SIGQUIT"] as const)(
  "a deployment interrupted by %s leaves no secret and no process",
  async (signal) => {
    clone.setState({ deploy: "hang" });
    const run = start(NO_STYTCH, CREDENTIALS);
    await waitUntil(() => clone.deployments().length > 0 || run.child.exitCode !== null);
    const [deployment] = clone.deployments();
    const file = String(deployment?.args.at(-1));
    expect(existsSync(file)).toBe(true);
    run.child.kill(signal);
    expect(await run.ended).toBe(130);
    expect(existsSync(file)).toBe(false);
    expect(clone.temporaryFolders()).toEqual([]);
    expect(run.text()).toContain("Interrupted.");
    expect(run.text()).toContain("could not be asked about the credentials");
    for (const secret of secretsOf(clone)) expect(run.text()).not.toContain(secret);
    // What was made is kept for the next run.
    expect(clone.kept()).toContain(`KEY_SECRET=${deployment?.secrets?.["KEY_SECRET"]}`);
    expect(isRunning(Number(deployment?.pid))).toBe(false);
  },
);

test("a dry run as a process reads the name of the Worker in wrangler.toml", async () => {
  const run = start(["--dry-run", "--env", "production", ...NO_STYTCH], CREDENTIALS);
  expect(await run.ended).toBe(0);
  expect(run.text()).toMatch(/Worker +postern-production,/);
  expect(run.text()).not.toContain(SECRET);
});

test("npm run deploy -- --help prints the usage and calls nothing", async () => {
  const run = start(["--help"], {});
  expect(await run.ended).toBe(0);
  expect(run.text()).toContain("Usage: npm run deploy --");
  expect(clone.calls()).toEqual([]);
});
