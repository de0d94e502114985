/** On which processor a process runs, and what it has used of it. Linux only (`/proc`, `taskset`): elsewhere nothing is pinned, and nothing is known. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Of a tick of `/proc/<pid>/stat`, in ms: 100 a second on every Linux there is (proc_pid_stat(5), `sysconf(_SC_CLK_TCK)`). */
const TICK_MS = 10;

const isLinux = process.platform === "linux";

/** Where the load and Stytch's look-alike run, and where what is measured does. */
export const PROCESSORS = isLinux && availableParallelism() > 1 ? { load: 1, measured: 0 } : null;

/** All threads of the process. */
export function pin(pid: number, processor: number): void {
  execFileSync("taskset", ["-apc", String(processor), String(pid)], { stdio: "ignore" });
}

/** What the process has used of any processor, in ms; null where that cannot be told. */
export function cpuMs(pid: number): number | null {
  if (!isLinux) return null;
  // The second field is a name in parentheses, which may hold anything.
  const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The workerd processes that this one has started. */
export function workerds(): number[] {
  if (!isLinux) return [];
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && isOwnWorkerd(pid));
}

function isOwnWorkerd(pid: number): boolean {
  try {
    const [name, rest] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
    return name?.includes("(workerd") === true && rest?.split(" ")[1] === String(process.pid);
  } catch {
    // It has ended meanwhile.
    return false;
  }
}
