/** Builds a Worker with wrangler as a deployment does, without deploying it. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { buildAssets } from "../console/build.ts";
import { NO_ENV_FILES } from "./wrangler-settings.ts";

const WRANGLER = "node_modules/wrangler/bin/wrangler.js";

export interface Built {
  /** The source of the one module that would be uploaded. */
  readonly script: string;
  /** The source map, as JSON; null if the configuration asks for none. */
  readonly sourceMap: string | null;
  readonly bytes: number;
  readonly gzipBytes: number;
}

/** Postern's own configuration, the only one with static files beside the Worker. */
export const POSTERN_CONFIG = "wrangler.toml";

/**
 * `config` is the path of a `wrangler.toml`, and `entry` replaces its entry file. `flags` are further ones of wrangler.
 * Rejects if the build fails.
 */
export async function build(config: string, entry?: string, flags: readonly string[] = []): Promise<Built> {
  // Wrangler refuses a folder that does not exist.
  if (config === POSTERN_CONFIG) await buildAssets();
  const folder = mkdtempSync(join(tmpdir(), "postern-build-"));
  try {
    const envFiles = NO_ENV_FILES.flatMap((file) => ["--env-file", file]);
    const options = ["--dry-run", "--config", config, "--outdir", folder, ...envFiles, ...flags];
    // What wrangler says of a failure is in the error.
    await promisify(execFile)(process.execPath, [
      WRANGLER,
      "deploy",
      ...(entry === undefined ? [] : [entry]),
      ...options,
    ]);
    const names = readdirSync(folder);
    const script = readFileSync(join(folder, String(names.find((file) => file.endsWith(".js")))));
    const map = names.find((file) => file.endsWith(".js.map"));
    return {
      script: script.toString(),
      sourceMap: map === undefined ? null : readFileSync(join(folder, map), "utf8"),
      bytes: script.byteLength,
      gzipBytes: gzipSync(script).byteLength,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
