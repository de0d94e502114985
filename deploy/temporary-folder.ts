/** A folder for what only one run may see. Only its owner can open it, and it is gone when the run ends, however it ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface TemporaryFolder {
  path(name: string): string;
  /** Writes a file that only its owner can read, and returns its path. */
  write(name: string, text: string): string;
  remove(): void;
}

/**
 * The folder goes as soon as `signal` aborts, before the programs that use it have ended, and when the process exits. A
 * process that is killed with SIGKILL leaves it.
 */
export function createTemporaryFolder(signal: AbortSignal): TemporaryFolder {
  const folder = mkdtempSync(join(tmpdir(), "postern-deploy-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  signal.addEventListener("abort", remove, { once: true });
  const path = (name: string) => join(folder, name);
  return {
    path,
    write(name, text) {
      writeFileSync(path(name), text, { mode: 0o600, flag: "wx" });
      return path(name);
    },
    remove() {
      process.removeListener("exit", remove);
      signal.removeEventListener("abort", remove);
      remove();
    },
  };
}
