/**
 * Wrangler without the settings of whoever runs it: neither `.dev.vars` and `.env` files nor environment variables
 * become bindings, and nothing is asked of the network.
 */
import { devNull } from "node:os";
import { relative } from "node:path";
import type { V4WorkerOptions } from "miniflare";
import type { Unstable_MiniflareWorkerOptions } from "wrangler";

// Neither workerd nor wrangler may call Cloudflare: a local Postern works offline and reports nothing.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";
process.env["WRANGLER_SEND_METRICS"] ??= "false";
// Otherwise the output begins with how many rules the static files have for their headers.
process.env["WRANGLER_LOG"] ??= "error";
// It would choose another environment of wrangler.toml.
delete process.env["CLOUDFLARE_ENV"];
// Otherwise `.env` files become bindings, and all variables of the process if CLOUDFLARE_INCLUDE_PROCESS_ENV is set.
process.env["CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV"] = "false";

const { unstable_getMiniflareWorkerOptions } = await import("wrangler");

/** Keeps wrangler from reading `.dev.vars`, which it does if it is given no other file; `[]` counts as none. */
export const NO_ENV_FILES = [devNull];

// The declaration of `unstable_getMiniflareWorkerOptions` lacks `envFiles`.
const OPTIONS = { envFiles: NO_ENV_FILES, overrides: {} };

/** The static files beside a Worker, as Miniflare takes them. */
export type Assets = NonNullable<V4WorkerOptions["assets"]>;

type WorkerOptions = Unstable_MiniflareWorkerOptions["workerOptions"] & {
  readonly rootPath?: string;
  readonly assets?: Assets;
  readonly kvNamespaces?: Record<string, { id: string }>;
};

/**
 * The bindings and compatibility settings in a `wrangler.toml`, as Miniflare takes them for modules that are already
 * built, with `vars` in place of its variables: the operator of a clone may have changed those. Requests reach the Worker
 * without passing the static files.
 */
export function readWorkerOptions(configPath: string, vars: Readonly<Record<string, string>>) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(configPath, undefined, OPTIONS);
  const { modulesRules: _rules, rootPath: _path, assets: _assets, ...options }: WorkerOptions = workerOptions;
  return { ...options, bindings: vars };
}

/** The static files beside a Worker, as Miniflare serves them in front of it; undefined if it has none. */
export function readAssets(configPath: string): Assets | undefined {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(configPath, undefined, OPTIONS);
  const { assets }: WorkerOptions = workerOptions;
  return assets;
}

/** The path of the entry file that a `wrangler.toml` names, as seen from this folder. */
export function readEntryFile(configPath: string): string {
  return relative(".", unstable_getMiniflareWorkerOptions(configPath, undefined, OPTIONS).main ?? "");
}
