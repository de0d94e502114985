/** Builds the Workers of the end-to-end tests once, before the processes that run these tests start. */
import type { TestProject } from "vitest/node";
import { type PreparedWorker, prepareWorker } from "../../dev/prepared-worker.ts";

declare module "vitest" {
  interface ProvidedContext {
    workers: readonly PreparedWorker[];
  }
}

const CONFIGURATIONS = ["wrangler.toml", "sandbox/wrangler.toml", "test/e2e/waiters/wrangler.toml"];

export default async function setup(project: TestProject): Promise<void> {
  project.provide("workers", await Promise.all(CONFIGURATIONS.map(prepareWorker)));
}
