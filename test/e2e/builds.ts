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

export default function setup(project: TestProject): void {
  project.provide("builds", [
    { configPath: "wrangler.toml", built: build("wrangler.toml") },
    { configPath: "wrangler.toml", entry: CLOCK_WORKER, built: build("wrangler.toml", CLOCK_WORKER) },
    { configPath: "sandbox/wrangler.toml", built: build("sandbox/wrangler.toml") },
  ]);
}
