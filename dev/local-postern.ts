/**
 * Runs Postern on this machine, with local KV and Durable Objects, in front of the sandbox; or in front of Stytch
 * itself if `.dev.vars` has credentials. Prints the address, a working key and commands to paste. Ctrl-C stops it.
 */
import { unstable_readConfig } from "wrangler";
import { type Config, parseConfig, VARIABLE_NAMES } from "../src/config.ts";
import { PROJECT_ID, UPSTREAM_SECRET } from "./credentials.ts";
import { DEMO_VARS, runDemo } from "./demo.ts";
import { readDevVars, type Vars } from "./dev-vars.ts";
import { dropCachedAnswers, readLocalState, saveLocalState } from "./local-state.ts";
import { alreadyRunsProblem } from "./running-postern.ts";
import { type RunningServer, serve } from "./serve.ts";
import { getStartKey, projectKeyPolicy, SANDBOX_KEY_POLICY } from "./start-key.ts";
import { checkPortFree, chooseSandboxPort } from "./start-options.ts";
import { lockState } from "./state-lock.ts";
import { askStytchAboutCredentials, checkCredentialsMatch } from "./stytch-credentials.ts";
import { welcomeText } from "./welcome.ts";
import { PortTakenError, startOnPort } from "./worker-start.ts";

/** In the order in which they started. */
const servers: RunningServer[] = [];
let isStopping = false;
/** Ends the demo. */
const stopping = new AbortController();

export interface LocalOptions {
  readonly port: number;
  /** Whether to drive traffic once everything is running. Only in front of the sandbox. */
  readonly hasDemo: boolean;
}

/** Resolves when everything is running and the welcome text is printed. Exits the process if it cannot start. */
export async function startLocalPostern(options: LocalOptions): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(0));
  try {
    await start(options);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    await stop(1);
  }
}

async function start({ port, hasDemo }: LocalOptions): Promise<void> {
  const { projectVars, usesSandbox } = readProjectVars();
  if (hasDemo && !usesSandbox)
    throw new Error("The demo needs the sandbox: .dev.vars has the credentials of a project of your own.");
  if (!lockState()) throw new Error(alreadyRunsProblem(null));
  const state = { ...readLocalState(), port };
  const vars: Vars = {
    LOG_HIT_SAMPLE_RATE: "1",
    KEY_SECRET: state.key_secret,
    ADMIN_TOKEN: state.admin_token,
    ...(hasDemo ? DEMO_VARS : {}),
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
  const config = checkConfig(vars);
  const credentialsText = usesSandbox ? null : await checkCredentials(config);
  saveLocalState(state);
  if (usesSandbox) dropCachedAnswers();

  let isReady = false;
  const postern = await serve("wrangler.toml", {
    port,
    vars,
    persist: true,
    // The calls of this program itself are not shown.
    onLogLine: (line) => {
      if (isReady) console.log(line);
    },
  }).catch(async (error: unknown) => {
    // Another program may have taken it since it was found free.
    const problem = error instanceof PortTakenError ? await checkPortFree(port) : null;
    throw problem === null ? error : new Error(problem);
  });
  servers.push(postern);
  const adminToken = config.adminToken ?? "";
  const { projectId } = config.stytch;
  const policy = usesSandbox ? SANDBOX_KEY_POLICY : projectKeyPolicy(Date.now());
  const key = await getStartKey({
    origin: postern.origin,
    adminToken,
    previous: state.keys[projectId],
    policy,
  });
  saveLocalState({ ...state, keys: { ...state.keys, [projectId]: key } });
  console.log(
    welcomeText({
      url: postern.origin,
      key,
      keyExpiresAt: policy.expires_at,
      adminToken,
      sandboxUrl,
      upstream: projectVars["STYTCH_BASE_URL"] ?? "the Stytch API",
      credentialsText,
      hasDemo,
    }),
  );
  // The traffic of the demo would push all that out of sight.
  if (hasDemo && sandboxUrl !== null) {
    const target = { url: postern.origin, adminToken, sandboxUrl };
    await runDemo(target, { signal: stopping.signal, onLine: (line) => console.log(line) });
  }
  isReady = true;
}

/** The variables of `wrangler.toml` and `.dev.vars`, checked for what `parseConfig` cannot see. */
function readProjectVars(): { projectVars: Vars; usesSandbox: boolean } {
  const devVars = readDevVars();
  const projectVars = { ...(unstable_readConfig({ config: "wrangler.toml" }).vars as Vars), ...devVars };
  const unknown = Object.keys(devVars).filter((name) => !VARIABLE_NAMES.includes(name));
  if (unknown.length > 0) console.error(`.dev.vars: Postern knows no ${unknown.join(", ")}.`);
  const hasProject = projectVars["STYTCH_PROJECT_ID"] !== undefined;
  if (hasProject !== (projectVars["STYTCH_SECRET"] !== undefined)) {
    const missing = hasProject ? "STYTCH_SECRET" : "STYTCH_PROJECT_ID";
    throw new Error(
      `${missing} is missing: .dev.vars needs both to use your own project, or neither to use the sandbox.`,
    );
  }
  return { projectVars, usesSandbox: !hasProject };
}

/** Returns the sandbox's origin. */
async function startSandbox(posternPort: number): Promise<string> {
  const sandbox = await startOnPort(
    await chooseSandboxPort(posternPort),
    async (port) =>
      await serve("sandbox/wrangler.toml", {
        port,
        vars: { STYTCH_PROJECT_ID: PROJECT_ID, STYTCH_SECRET: UPSTREAM_SECRET },
        persist: false,
        onLogLine: () => {},
      }),
  );
  servers.push(sandbox);
  return sandbox.origin;
}

/** Throws an error that names each variable that is wrong. */
function checkConfig(vars: Vars): Config {
  const config = parseConfig(vars);
  const problems = { ...(config.ok ? {} : config.failure), ...checkCredentialsMatch(vars) };
  const lines = Object.entries(problems).map(([name, problem]) => `  ${name}: ${problem}`);
  if (config.ok && lines.length === 0) return config.value;
  throw new Error(["The configuration is not right (docs/configuration.md):", ...lines].join("\n"));
}

/** What Stytch says of the credentials, in words. Throws if it refuses them; a failure of the call is a warning. */
async function checkCredentials({ stytch }: Config): Promise<string> {
  const check = await askStytchAboutCredentials(stytch);
  if (check.kind !== "refused") return check.text;
  throw new Error(
    `${check.text}\nCheck STYTCH_PROJECT_ID and STYTCH_SECRET: https://stytch.com/dashboard/api-keys`,
  );
}

/** Stops the servers, the last one first, and exits. A second call waits for the exit of the first. */
async function stop(exitCode: number): Promise<never> {
  if (!isStopping) {
    isStopping = true;
    stopping.abort();
    for (const server of servers.reverse()) await server.stop();
    process.exit(exitCode);
  }
  return await new Promise(() => {});
}
