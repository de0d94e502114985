/**
 * Runs Postern on this machine, with local KV and Durable Objects, in front of the sandbox; or in front of Stytch
 * itself if `.dev.vars` has credentials. Prints the address, a working key and commands to paste. Ctrl-C stops it.
 */
import { unstable_readConfig } from "wrangler";
import { parseConfig, VARIABLE_NAMES } from "../src/config.ts";
import { PROJECT_ID, UPSTREAM_SECRET } from "./credentials.ts";
import { type LocalState, readDevVars, readLocalState, saveLocalState, type Vars } from "./local-state.ts";
import { type RunningServer, serve } from "./serve.ts";
import { chooseSandboxPort } from "./start-options.ts";
import { welcomeText } from "./welcome.ts";

/** In the order in which they started. */
const servers: RunningServer[] = [];
let isStopping = false;

/** Resolves when everything is running and the welcome text is printed. Exits the process if it cannot start. */
export async function startLocalPostern(port: number): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(0));
  const state = readLocalState();
  const { projectVars, usesSandbox } = await readProjectVars();
  const vars: Vars = {
    LOG_HIT_SAMPLE_RATE: "1",
    KEY_SECRET: state.key_secret,
    ADMIN_TOKEN: state.admin_token,
    ...projectVars,
  };
  const sandboxUrl = usesSandbox ? await startSandbox(port) : null;
  if (sandboxUrl !== null) {
    Object.assign(vars, {
      STYTCH_PROJECT_ID: PROJECT_ID,
      STYTCH_SECRET: UPSTREAM_SECRET,
      STYTCH_BASE_URL: sandboxUrl,
    });
  }
  await checkConfig(vars);

  let isReady = false;
  const postern = await serve("wrangler.toml", {
    port,
    vars,
    persist: true,
    // The calls of this program itself are not shown.
    onLogLine: (line) => {
      if (isReady) console.log(line);
    },
  });
  servers.push(postern);
  const adminToken = vars["ADMIN_TOKEN"] ?? "";
  const key = await getStartKey(postern.origin, adminToken, vars["STYTCH_PROJECT_ID"] ?? "", state);
  const upstream = projectVars["STYTCH_BASE_URL"] ?? "the Stytch API";
  console.log(welcomeText({ url: postern.origin, key, adminToken, sandboxUrl, upstream }));
  isReady = true;
}

/** The variables of `wrangler.toml` and `.dev.vars`, checked for what `parseConfig` cannot see. */
async function readProjectVars(): Promise<{ projectVars: Vars; usesSandbox: boolean }> {
  const devVars = readDevVars();
  const projectVars = { ...(unstable_readConfig({ config: "wrangler.toml" }).vars as Vars), ...devVars };
  const unknown = Object.keys(devVars).filter((name) => !VARIABLE_NAMES.includes(name));
  if (unknown.length > 0) console.error(`.dev.vars: Postern knows no ${unknown.join(", ")}.`);
  const hasProject = projectVars["STYTCH_PROJECT_ID"] !== undefined;
  if (hasProject !== (projectVars["STYTCH_SECRET"] !== undefined)) {
    const missing = hasProject ? "STYTCH_SECRET" : "STYTCH_PROJECT_ID";
    await fail(
      `${missing} is missing: .dev.vars needs both to use your own project, or neither to use the sandbox.`,
    );
  }
  return { projectVars, usesSandbox: !hasProject };
}

/** Returns the sandbox's origin. */
async function startSandbox(posternPort: number): Promise<string> {
  const sandbox = await serve("sandbox/wrangler.toml", {
    port: await chooseSandboxPort(posternPort),
    vars: { STYTCH_PROJECT_ID: PROJECT_ID, STYTCH_SECRET: UPSTREAM_SECRET },
    persist: false,
    onLogLine: () => {},
  });
  servers.push(sandbox);
  return sandbox.origin;
}

async function checkConfig(vars: Vars): Promise<void> {
  const config = parseConfig(vars);
  if (config.ok) return;
  const lines = Object.entries(config.failure).map(([name, problem]) => `  ${name}: ${problem}`);
  await fail(["The configuration is not right (docs/configuration.md):", ...lines].join("\n"));
}

/** The key that the last start issued for this project, if it still works; otherwise a new one, which is saved. */
async function getStartKey(
  origin: string,
  adminToken: string,
  projectId: string,
  state: LocalState,
): Promise<string> {
  const previous = state.keys[projectId];
  if (previous !== undefined) {
    const response = await fetch(`${origin}/whoami`, { headers: { Authorization: `Bearer ${previous}` } });
    if (response.ok) return previous;
  }
  const scopes = ["organizations:read", "members:dangerously_get", "members:include_deleted"];
  const response = await fetch(`${origin}/admin/keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${adminToken}` },
    body: JSON.stringify({ name: "npm start", scopes }),
  });
  if (response.status !== 201) {
    await fail(`No key could be issued: ${response.status} ${await response.text()}`);
  }
  const { key } = (await response.json()) as { key: string };
  saveLocalState({ ...state, keys: { ...state.keys, [projectId]: key } });
  return key;
}

async function fail(problem: string): Promise<never> {
  console.error(problem);
  return await stop(1);
}

/** Stops the servers, the last one first, and exits. A second call waits for the exit of the first. */
async function stop(exitCode: number): Promise<never> {
  if (!isStopping) {
    isStopping = true;
    for (const server of servers.reverse()) await server.stop();
    process.exit(exitCode);
  }
  return await new Promise(() => {});
}
