/** Prometheus's own checks. They are left out if `promtool` is not installed (Debian: `prometheus`). */
import { spawnSync } from "node:child_process";

/** What `promtool check metrics` has to say; an empty text if it is content, or is not installed. */
export const lintMetrics = (text: string) => runPromtool(["check", "metrics"], text).output;

interface PromtoolRun {
  /** True also if promtool is not installed. */
  readonly ok: boolean;
  readonly output: string;
}

export function runPromtool(args: readonly string[], input = ""): PromtoolRun {
  const { error, status, stdout, stderr } = spawnSync("promtool", args, { input, encoding: "utf8" });
  return error === undefined ? { ok: status === 0, output: stdout + stderr } : { ok: true, output: "" };
}
