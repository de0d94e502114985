/** What it takes to serve a Worker without wrangler, which loads for seconds. */
import { buildAssets } from "../console/build.ts";
import { POSTERN_CONFIG } from "./build.ts";
import { bundle } from "./bundle.ts";
import { type Assets, readAssets, readEntryFile, readWorkerOptions } from "./wrangler-settings.ts";

export interface PreparedWorker {
  readonly configPath: string;
  /** The entry file, as seen from this folder. */
  readonly entry: string;
  /** Its source and that of all that it imports, as one module: of Postern, what a deployment uploads. */
  readonly script: string;
  /** As Miniflare takes them, without variables. */
  readonly options: ReturnType<typeof readWorkerOptions>;
  /** Where its static files are; undefined if it has none. */
  readonly assets: Assets | undefined;
}

/** `configPath` is the Worker's `wrangler.toml`. Rejects if the build fails. */
export async function prepareWorker(configPath: string): Promise<PreparedWorker> {
  const entry = readEntryFile(configPath);
  const [script] = await Promise.all([bundle(entry), configPath === POSTERN_CONFIG ? buildAssets() : null]);
  return {
    configPath,
    entry,
    script,
    options: readWorkerOptions(configPath, {}),
    assets: readAssets(configPath),
  };
}
