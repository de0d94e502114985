/** Pins processes to processors and reads their CPU time: on Linux only, with `/proc` and `taskset`. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** A tick of `/proc/<pid>/stat`: Linux shows programs 100 a second (proc_pid_stat(5), `sysconf(_SC_CLK_TCK)`). */
const TICK_MS = 10;

const isLinux = process.platform === "linux";

/** The processor of the load and the sandbox, and that of the measured Workers; null if nothing is pinned. */
export const PROCESSORS = isLinux && availableParallelism() > 1 ? { load: 1, measured: 0 } : null;

/** Pins all threads of the process. */
export function pin(pid: number, processor: number): void {
  execFileSync("taskset", ["-apc", String(processor), String(pid)], { stdio: "ignore" });
}

/** CPU time of the process so far, user and system, in ms; null if the platform does not report it. */
export function cpuMs(pid: number): number | null {
  if (!isLinux) return null;
  // The second field is the name in parentheses, which may contain spaces and parentheses.
  const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1) ?? "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The workerd processes that this process has started. */
export function workerdPids(): number[] {
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
    // The process ended after the folder was listed.
    return false;
  }
}
