/** The files of the reference that are served beside the Worker. */
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderErrors } from "./pages/errors-page.ts";
import { renderReference } from "./pages/reference-page.ts";
import type { PageDocument } from "./pages/shapes.ts";

const ROOT = join(import.meta.dirname, "..");

/** Writes `openapi.json`, `docs/index.html`, `docs/errors.html` and their stylesheet into the folder. */
export async function buildDocsPages(outputFolder: string): Promise<void> {
  const source = join(ROOT, "openapi.json");
  const document = JSON.parse(await readFile(source, "utf8")) as PageDocument;
  const docs = join(outputFolder, "docs");
  await mkdir(docs, { recursive: true });
  await Promise.all([
    copyFile(source, join(outputFolder, "openapi.json")),
    copyFile(join(import.meta.dirname, "pages", "docs.css"), join(docs, "docs.css")),
    writeFile(join(docs, "index.html"), await renderReference(document)),
    writeFile(join(docs, "errors.html"), await renderErrors()),
  ]);
}
