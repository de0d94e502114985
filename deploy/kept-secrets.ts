/**
 * The secrets that the script has made, in a file that git ignores: Cloudflare never shows a secret again, operators need
 * ADMIN_TOKEN to sign in, and keys can be honoured after a disaster only by whoever has KEY_SECRET.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { DeployProblem } from "./problem.ts";

const KEPT_FOLDER = ".postern";

/** As seen from the clone. */
export const keptSecretsFile = (workerName: string) => `${KEPT_FOLDER}/${workerName}.env`;

/** Returns the kept secrets by name; none if nothing was kept. Throws a DeployProblem if the file cannot be read. */
export function readKeptSecrets(root: string, workerName: string): Readonly<Record<string, string>> {
  const file = keptSecretsFile(workerName);
  try {
    const entries = Object.entries(parseEnv(readFileSync(join(root, file), "utf8")));
    return Object.fromEntries(entries.flatMap(([name, value]) => (value ? [[name, value]] : [])));
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return {};
    throw new DeployProblem(
      `${file} cannot be read (${code}). It holds secrets of an earlier run: make it readable, or move it away.`,
    );
  }
}

/** Replaces the file in one step, so that an interruption never leaves half of it. Only the owner can read it. */
export function keepSecrets(
  root: string,
  workerName: string,
  secrets: Readonly<Record<string, string>>,
): void {
  const file = join(root, keptSecretsFile(workerName));
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${value}\n`);
  const text = `# Secrets of the Worker ${workerName}. Store them in a password manager, then delete this file.\n${lines.join("")}`;
  try {
    mkdirSync(join(root, KEPT_FOLDER), { recursive: true, mode: 0o700 });
    // The mode counts only for a file that is new.
    rmSync(`${file}.new`, { force: true });
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "unknown error";
    throw new DeployProblem(
      `${keptSecretsFile(workerName)} cannot be written (${code}), and secrets that nobody keeps are not set. ` +
        "Make the folder writable, and run npm run deploy again.",
    );
  }
}
