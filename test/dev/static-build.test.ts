/** The build of the static files. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildAssets } from "../../console/build.ts";

const OUTPUT = "dist/assets";
const filesOf = () =>
  readdirSync(OUTPUT, { recursive: true, encoding: "utf8" })
    .filter((path) => /\.\w+$|_headers$/.test(path))
    .sort();

test("builds at the same time leave the same files, whole, and none of a build before", async () => {
  await buildAssets();
  const files = filesOf();
  const contents = files.map((path) => readFileSync(`${OUTPUT}/${path}`, "utf8"));
  expect(files).toContain("console/index.html");
  const obsolete = `${OUTPUT}/console/obsolete.js`;
  writeFileSync(obsolete, "// of a build before");

  await Promise.all([buildAssets(), buildAssets(), buildAssets()]);
  expect(existsSync(obsolete)).toBe(false);
  expect(filesOf()).toEqual(files);
  expect(files.map((path) => readFileSync(`${OUTPUT}/${path}`, "utf8"))).toEqual(contents);
  expect(readdirSync("dist").filter((name) => name.startsWith(".assets-"))).toEqual([]);
});
