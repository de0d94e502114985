/** A folder in which `npm run deploy` runs with a stand-in for wrangler, and a server that answers `/healthz`. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach } from "vitest";
import { runDeploy } from "../../deploy/deploy.ts";
import type { DeployIo } from "../../deploy/io.ts";
import { standIn } from "./wrangler-stand-in.ts";

const STAND_IN = fileURLToPath(new URL("wrangler-stand-in.ts", import.meta.url));

export const PROJECT_ID = "project-test-00000000-0000-4000-8000-00000000000a";
export const LIVE_PROJECT_ID = "project-live-00000000-0000-4000-8000-00000000000b";
export const SECRET = "secret-test-canary-of-a-deployment";
export const CREDENTIALS = { STYTCH_PROJECT_ID: PROJECT_ID, STYTCH_SECRET: SECRET };

export interface Call {
  readonly args: readonly string[];
  readonly mode: string | null;
  readonly secrets: Readonly<Record<string, string>> | null;
  readonly pid: number;
  readonly environment: string;
}

export interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Health {
  status: number;
  body: object;
  /** How many requests there were. */
  asked: number;
}

export interface Clone {
  /** The folder. */
  root: string;
  health: Health;
  /** Changes what the stand-in knows and does. */
  setState(changes: object): void;
  calls(): Call[];
  /** The calls that change anything. */
  deployments(): Call[];
  /** The text of `.postern/<name>.env`; null if there is none. */
  kept(name?: string): string | null;
  /** The temporary folders of the script that exist. */
  temporaryFolders(): string[];
  run(args: readonly string[], env?: Record<string, string>, changes?: Partial<DeployIo>): Promise<Run>;
}

/** Call it at the top of a file. Each test has a folder of its own. */
export function useClone(): Clone {
  let origin = "";
  const server = createServer((_request, response) => {
    clone.health.asked += 1;
    response.writeHead(clone.health.status).end(JSON.stringify(clone.health.body));
  });
  const clone: Clone = {
    root: "",
    health: { status: 200, body: { status: "ok" }, asked: 0 },
    setState(changes) {
      const file = join(clone.root, "state.json");
      const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
      writeFileSync(file, JSON.stringify({ ...state, ...changes }));
    },
    calls() {
      const file = join(clone.root, "calls.ndjson");
      const text = existsSync(file) ? readFileSync(file, "utf8") : "";
      // The last line is empty, or is being written.
      const lines = text.split("\n").slice(0, -1);
      return lines.map((line) => JSON.parse(line));
    },
    deployments: () => clone.calls().filter(({ args }) => args[0] === "deploy"),
    kept(name = "postern") {
      const file = join(clone.root, ".postern", `${name}.env`);
      return existsSync(file) ? readFileSync(file, "utf8") : null;
    },
    temporaryFolders: () => readdirSync(join(clone.root, "tmp")),
    async run(args, env = {}, changes = {}) {
      return await runInProcess(clone, args, env, changes);
    },
  };

  let tmp: string | undefined;
  beforeEach(async () => {
    clone.root = mkdtempSync(join(tmpdir(), "deploy-test-"));
    tmp = process.env["TMPDIR"];
    process.env["TMPDIR"] = join(clone.root, "tmp");
    mkdirSync(join(clone.root, "tmp"));
    mkdirSync(join(clone.root, "node_modules/wrangler/bin"), { recursive: true });
    symlinkSync(STAND_IN, join(clone.root, "node_modules/wrangler/bin/wrangler.js"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    origin = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
    clone.health = { status: 200, body: { status: "ok" }, asked: 0 };
    const login = { loggedIn: true, email: "ops@example.com", accounts: [{ id: "a1", name: "Acme" }] };
    clone.setState({
      login,
      secrets: null,
      deploy: "ok",
      targets: [origin, "postern.example/* (zone name: x)"],
    });
  });
  afterEach(async () => {
    if (tmp === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = tmp;
    await new Promise((resolve) => server.close(resolve));
    rmSync(clone.root, { recursive: true });
  });
  return clone;
}

async function runInProcess(
  { root }: Clone,
  args: readonly string[],
  env: Record<string, string>,
  changes: Partial<DeployIo>,
): Promise<Run> {
  let [out, err] = ["", ""];
  const code = await runDeploy(args, {
    root,
    env: { PATH: process.env["PATH"], ...env },
    signal: new AbortController().signal,
    shown: "ignore",
    execute: async (call) => {
      const { code, out, err } = standIn(call.args, call.cwd, call.env);
      return { code: code ?? 1, out, err };
    },
    ask: null,
    readSettings: async (name) => ({ name: name === undefined ? "postern" : `postern-${name}`, vars: {} }),
    build: async () => {},
    askStytch: async () => ({ kind: "accepted", text: "Stytch accepts the credentials." }),
    intervalMs: 5,
    writeOut: (text) => {
      out += `${text}\n`;
    },
    writeErr: (text) => {
      err += `${text}\n`;
    },
    ...changes,
  });
  return { code, out, err };
}

/** Every value that no output may contain. */
export function secretsOf(clone: Clone): readonly string[] {
  const uploaded = clone.deployments().flatMap(({ secrets }) => Object.values(secrets ?? {}));
  const kept = (clone.kept() ?? "").match(/(?<==).+$/gm) ?? [];
  return [SECRET, ...uploaded, ...kept];
}
