/** Whoever runs the tests may have settings of their own for wrangler and for Postern. Here they are hostile. */
import { execFile } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { processEnv } from "../support/process-env.ts";

const SETTINGS = {
  CACHE_FRESH_SECONDS: "5",
  STYTCH_SECRET: "hostile",
  STYTCH_BASE_URL: "http://127.0.0.1:9",
};
const VARIABLES = {
  ...SETTINGS,
  CLOUDFLARE_ENV: "hostile",
  CLOUDFLARE_INCLUDE_PROCESS_ENV: "true",
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: "true",
};
const FILES = [".dev.vars", ".dev.vars.hostile", ".env", ".env.local", ".env.hostile", ".env.hostile.local"];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "hostile-"));
  copyFileSync("wrangler.toml", join(directory, "wrangler.toml"));
  const lines = Object.entries(SETTINGS).map(([name, value]) => `${name}=${value}\n`);
  for (const file of FILES) writeFileSync(join(directory, file), lines.join(""));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What two expressions are in a process in that directory, since wrangler takes seconds to load. */
async function evaluate(): Promise<unknown> {
  const settings = JSON.stringify(new URL("../../dev/wrangler-settings.ts", import.meta.url).href);
  const wrangler = JSON.stringify(import.meta.resolve("wrangler"));
  const script = `
    const { NO_ENV_FILES, readWorkerOptions } = await import(${settings});
    const { unstable_getVarsForDev } = await import(${wrangler});
    console.log(JSON.stringify({
      underTest: readWorkerOptions("wrangler.toml", { ADMIN_TOKEN: "of the test" }).bindings,
      ofWrangler: unstable_getVarsForDev("wrangler.toml", NO_ENV_FILES, {}, process.env.CLOUDFLARE_ENV),
    }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    cwd: directory,
    env: { ...processEnv(), ...VARIABLES },
  });
  return JSON.parse(stdout);
}

test("no Worker under test and no wrangler takes a variable from a file or the environment", async () => {
  expect(await evaluate()).toEqual({ underTest: { ADMIN_TOKEN: "of the test" }, ofWrangler: {} });
});
