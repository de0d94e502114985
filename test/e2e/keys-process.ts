/** Runs `npm run keys`: as a process in a directory of its own, or in this process. Neither has a terminal. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect } from "vitest";
import { runCli } from "../../cli/cli.ts";
import { processEnv } from "../support/process-env.ts";

const ENTRY = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
export const TOKEN = "e2e-canary-of-an-admin-token-for-the-cli";

export interface CliRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface KeysCli {
  /** The working directory, which is deleted after all tests of the file. */
  readonly directory: string;
  /** Runs the tool once with only these variables, and checks that it does not print the admin token. */
  keys(args: readonly string[], env: Record<string, string>): Promise<CliRun>;
}

/** Call it at the top of a file. */
export function useKeysCli(): KeysCli {
  let directory = "";
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "keys-cli-"));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  async function keys(args: readonly string[], env: Record<string, string>): Promise<CliRun> {
    const run = await new Promise<CliRun>((resolve) => {
      const options = { cwd: directory, env: { ...processEnv(), ...env } };
      const child = execFile(process.execPath, [ENTRY, ...args], options, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
      child.stdin?.end();
    });
    expect(run.out + run.err).not.toContain(TOKEN);
    return run;
  }
  return {
    get directory() {
      return directory;
    },
    keys,
  };
}

/** Runs the tool in this process, which is faster by far, and checks that it does not print the admin token. */
export async function runKeys(args: readonly string[], env: Record<string, string>): Promise<CliRun> {
  let [out, err] = ["", ""];
  const code = await runCli(args, {
    env,
    readLocalToken: () => null,
    confirm: null,
    writeOut: (text) => {
      out += `${text}\n`;
    },
    writeErr: (text) => {
      err += `${text}\n`;
    },
  });
  expect(out + err).not.toContain(TOKEN);
  return { code, out, err };
}

/** Expects nothing on stdout and one line on stderr. */
export function expectError(run: CliRun, code: number, line: RegExp): void {
  expect(run).toMatchObject({ code, out: "" });
  expect(run.err).toMatch(/^error: [^\n]+\n$/);
  expect(run.err).toMatch(line);
}
