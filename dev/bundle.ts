/** Bundles a Worker that is never deployed, without wrangler, which takes seconds to load. */
import { build } from "esbuild";

/** Returns the source of one module. `entry` is the path of the entry file. Rejects if it cannot be bundled. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    // Miniflare copies what it hands to the runtime many times.
    minify: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    write: false,
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`${entry} has no output.`);
  return file.text;
}
