/** What it takes to serve a Worker without wrangler, which loads for seconds. */
import { build } from "./build.ts";
import { readEntryFile, readWorkerOptions } from "./wrangler-settings.ts";

export interface PreparedWorker {
  readonly configPath: string;
  /** The entry file, as seen from this folder. */
  readonly entry: string;
  /** Its source and that of all that it imports, as one module. */
  readonly script: string;
  /** As Miniflare takes them, without variables. */
  readonly options: ReturnType<typeof readWorkerOptions>;
}

/** `configPath` is the Worker's `wrangler.toml`. Rejects if the build fails. */
export async function prepareWorker(configPath: string): Promise<PreparedWorker> {
  const { script } = await build(configPath);
  return { configPath, entry: readEntryFile(configPath), script, options: readWorkerOptions(configPath, {}) };
}
