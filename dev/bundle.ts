/**
 * Bundles a Worker without wrangler, which takes seconds to load. Of Postern, the result is what wrangler deploys, except
 * for the name of the source map at its end: `npm run check:size` compares the two.
 */
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
    define: { "navigator.userAgent": '"Cloudflare-Workers"' },
    external: ["cloudflare:*"],
    write: false,
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error(`${entry} has no output.`);
  return file.text;
}
