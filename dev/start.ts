/**
 * `npm start`: Postern on this machine, with local KV and Durable Objects, in front of the sandbox; or of Stytch itself where
 * `.dev.vars` has the credentials. Prints the address, a key that works and lines to paste. Ctrl-C ends it.
 */
import { createServer } from "node:net";
import { unstable_readConfig } from "wrangler";
import { parseConfig, VARIABLE_NAMES } from "../src/config.ts";
import { keep, readDevVars, readKept, type Vars } from "./local-state.ts";
import { type Served, serve } from "./serve.ts";
import { welcome } from "./welcome.ts";

const SANDBOX = {
  STYTCH_PROJECT_ID: "project-test-11111111-1111-4111-8111-111111111111",
  STYTCH_SECRET: "secret-test-sandbox-only-not-a-real-secret",
};

const served: Served[] = [];
let stopping = false;
async function stop(code: number): Promise<never> {
  if (!stopping) {
    stopping = true;
    for (const worker of served.reverse()) await worker.stop();
    process.exit(code);
  }
  return await new Promise(() => {});
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(0));

async function fail(problem: string): Promise<never> {
  console.error(problem);
  return await stop(1);
}

const kept = readKept();
const devVars = readDevVars();
const own: Vars = { ...(unstable_readConfig({ config: "wrangler.toml" }).vars as Vars), ...devVars };
const unknown = Object.keys(devVars).filter((name) => !VARIABLE_NAMES.includes(name));
if (unknown.length > 0) console.error(`.dev.vars: Postern knows no ${unknown.join(", ")}.`);
const hasProject = own["STYTCH_PROJECT_ID"] !== undefined;
if (hasProject !== (own["STYTCH_SECRET"] !== undefined)) {
  const missing = hasProject ? "STYTCH_SECRET" : "STYTCH_PROJECT_ID";
  await fail(
    `${missing} is missing: .dev.vars needs both to use your own project, or neither to use the sandbox.`,
  );
}
const port = Number(process.env["PORT"] || 8787);
if (!Number.isInteger(port) || port < 1 || port > 65_535)
  await fail("PORT must be a number from 1 to 65535.");
if (!(await isFree(port))) await fail(`Port ${port} is taken. Choose another: PORT=8987 npm start`);

const vars: Vars = {
  LOG_HIT_SAMPLE_RATE: "1",
  KEY_SECRET: kept.key_secret,
  ADMIN_TOKEN: kept.admin_token,
  ...own,
};
let sandbox: Served | null = null;
if (!hasProject) {
  const sandboxPort = (await isFree(8788)) ? 8788 : 0;
  sandbox = await serve("sandbox/wrangler.toml", {
    port: sandboxPort,
    vars: SANDBOX,
    persist: false,
    onLine: () => {},
  });
  served.push(sandbox);
  Object.assign(vars, SANDBOX, { STYTCH_BASE_URL: sandbox.origin });
}
const configured = parseConfig(vars);
if ("problems" in configured) {
  const lines = Object.entries(configured.problems).map(([name, problem]) => `  ${name}: ${problem}`);
  await fail(["The configuration is not right (README, Configuration):", ...lines].join("\n"));
}

let welcomed = false;
const postern = await serve("wrangler.toml", {
  port,
  vars,
  persist: true,
  onLine: (line) => {
    if (welcomed) console.log(line);
  },
});
served.push(postern);
const key = await demoKey(postern.origin, vars["ADMIN_TOKEN"] ?? "", vars["STYTCH_PROJECT_ID"] ?? "");
const upstream = own["STYTCH_BASE_URL"] ?? "the Stytch API";
console.log(
  welcome({
    url: postern.origin,
    key,
    adminToken: vars["ADMIN_TOKEN"] ?? "",
    sandboxUrl: sandbox?.origin ?? null,
    upstream,
  }),
);
welcomed = true;

async function isFree(wanted: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(wanted, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** The key of the last start, if it still works, or a new one. */
async function demoKey(origin: string, adminToken: string, project: string): Promise<string> {
  const headers = { Authorization: `Bearer ${adminToken}` };
  const before = kept.keys[project];
  if (before !== undefined) {
    const known = await fetch(`${origin}/whoami`, { headers: { Authorization: `Bearer ${before}` } });
    if (known.ok) return before;
  }
  const scopes = ["organizations:read", "members:dangerously_get", "members:include_deleted"];
  const body = JSON.stringify({ name: "npm start", scopes });
  const created = await fetch(`${origin}/admin/keys`, { method: "POST", headers, body });
  if (created.status !== 201) await fail(`No key could be issued: ${created.status} ${await created.text()}`);
  const issued = ((await created.json()) as { key: string }).key;
  keep({ ...kept, keys: { ...kept.keys, [project]: issued } });
  return issued;
}
