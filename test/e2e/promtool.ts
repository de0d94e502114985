/** Prometheus's own check of a scrape. */
import { spawnSync } from "node:child_process";

/** What `promtool check metrics` has to say; an empty text if it is content, or is not installed. */
export function lintMetrics(text: string): string {
  const { error, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
    input: text,
    encoding: "utf8",
  });
  return error === undefined ? stdout + stderr : "";
}
