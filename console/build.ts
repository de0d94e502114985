/**
 * `npm run build`: makes `dist/assets/`, which Cloudflare serves beside the Worker: the console, the page that hands a key
 * over, the reference, and their headers. Starting, testing and deploying Postern call it, so nobody has to remember it.
 */
import { cp, mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { buildDocsPages } from "../openapi/build-pages.ts";

const ROOT = join(import.meta.dirname, "..");
const OUTPUT = join(ROOT, "dist", "assets");

/**
 * The files that are served as they are, by the path at which they are served. What pages for callers use is not below
 * `console/`, which Cloudflare Access may keep for operators.
 */
const STATIC_FILES = {
  _headers: "_headers",
  "console/index.html": "index.html",
  "static/icon.svg": "icon.svg",
  "handover/key.html": "handover.html",
};

/** What esbuild makes one file of, by the path at which that is served, without its extension. */
const BUNDLES = { "console/main": "main.tsx", "static/style": "style.css", "handover/key": "handover.tsx" };

/**
 * Two processes may run it at once, and a server may be reading what was built before: each file is replaced in one
 * step, and only afterwards what no longer belongs there is removed.
 */
export async function buildAssets(): Promise<void> {
  await mkdir(join(ROOT, "dist"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, "dist", ".assets-"));
  try {
    await Promise.all([bundle(folder), copyStaticFiles(folder), buildDocsPages(folder)]);
    await replaceFiles(folder, OUTPUT);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function bundle(folder: string): Promise<void> {
  await build({
    entryPoints: Object.fromEntries(
      Object.entries(BUNDLES).map(([name, file]) => [name, join(import.meta.dirname, file)]),
    ),
    outdir: folder,
    bundle: true,
    // What both pages use is in a file of its own.
    splitting: true,
    chunkNames: "static/shared",
    minify: true,
    format: "esm",
    target: "es2023",
    jsx: "automatic",
    jsxImportSource: "hono/jsx/dom",
    legalComments: "none",
    logLevel: "error",
  });
}

async function copyStaticFiles(folder: string): Promise<void> {
  for (const [path, file] of Object.entries(STATIC_FILES)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await cp(join(import.meta.dirname, file), join(folder, path));
  }
}

async function replaceFiles(from: string, to: string): Promise<void> {
  const files = await filesOf(from);
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true });
    await rename(join(from, file), join(to, file));
  }
  const obsolete = (await filesOf(to)).filter((file) => !files.includes(file));
  await Promise.all(obsolete.map(async (file) => await rm(join(to, file), { force: true })));
}

/** The paths of all files in a folder, as seen from it. */
async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

if (import.meta.main) await buildAssets();
