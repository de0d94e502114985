/** What it takes to serve a Worker without wrangler, which loads for seconds. */
import { build } from "./build.ts";
import { bundle } from "./bundle.ts";
import { readEntryFile, readWorkerOptions } from "./wrangler-settings.ts";

/** Postern itself is built as it is for a deployment. */
const DEPLOYED = "wrangler.toml";

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
  const entry = readEntryFile(configPath);
  const script = configPath === DEPLOYED ? (await build(configPath)).script : await bundle(entry);
  return { configPath, entry, script, options: readWorkerOptions(configPath, {}) };
}
