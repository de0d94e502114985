/** Builds the Workers of the end-to-end tests once, before the processes that run these tests start. */
import type { TestProject } from "vitest/node";
import { build } from "../../dev/build.ts";
import type { NamedBuild } from "../../dev/built-worker.ts";
import { CLOCK_WORKER } from "./postern.ts";

declare module "vitest" {
  interface ProvidedContext {
    builds: readonly NamedBuild[];
  }
}

const WORKERS: readonly Pick<NamedBuild, "configPath" | "entry">[] = [
  { configPath: "wrangler.toml" },
  { configPath: "wrangler.toml", entry: CLOCK_WORKER },
  { configPath: "sandbox/wrangler.toml" },
];

export default async function setup(project: TestProject): Promise<void> {
  const builds = WORKERS.map(async (worker) => ({
    ...worker,
    built: await build(worker.configPath, worker.entry),
  }));
  project.provide("builds", await Promise.all(builds));
}
