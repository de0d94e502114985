/**
 * Stands in for wrangler: `state.json` in the working directory says what it knows and does, and `calls.ndjson` gets a line
 * for each call. Most tests call it as a function: a process for each call takes long to start.
 */
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What `state.json` has. */
interface State {
  readonly login: { readonly loggedIn: boolean };
  /** What the list of secrets fails with. */
  readonly secretList?: string;
  /** The names of those that are set; null if there is no Worker. */
  readonly secrets: readonly string[] | null;
  readonly deploy: "ok" | "fail" | "hang";
  readonly targets: readonly string[];
}

interface Outcome {
  /** Null if it hangs. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export function standIn(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Outcome {
  const state = JSON.parse(readFileSync(join(cwd, "state.json"), "utf8")) as State;
  const file = String(args[args.indexOf("--secrets-file") + 1]);
  const hasFile = args.includes("--secrets-file");
  const record = {
    args,
    mode: hasFile ? (statSync(file).mode & 0o777).toString(8) : null,
    secrets: hasFile ? JSON.parse(readFileSync(file, "utf8")) : null,
    pid: process.pid,
    environment: JSON.stringify(env),
  };
  appendFileSync(join(cwd, "calls.ndjson"), `${JSON.stringify(record)}\n`);
  if (args[0] === "whoami")
    return { code: state.login.loggedIn ? 0 : 1, out: JSON.stringify(state.login), err: "" };
  if (args[0] === "secret") return listSecrets(state);
  const out = "Uploaded postern\n";
  if (state.deploy === "fail") return { code: 1, out, err: "" };
  if (state.deploy === "hang") return { code: null, out, err: "" };
  const secrets = [...new Set([...(state.secrets ?? []), ...Object.keys(record.secrets ?? {})])];
  writeFileSync(join(cwd, "state.json"), JSON.stringify({ ...state, secrets }));
  const entry = { type: "deploy", version: 1, targets: state.targets };
  appendFileSync(
    String(env["WRANGLER_OUTPUT_FILE_PATH"]),
    `{"type":"wrangler-session"}\n${JSON.stringify(entry)}\n`,
  );
  return { code: 0, out, err: "" };
}

function listSecrets({ secretList, secrets }: State): Outcome {
  if (secretList !== undefined) return { code: 1, out: "", err: `\x1b[31m${secretList}\x1b[0m\n` };
  if (secrets === null) {
    const err =
      '\x1b[31m✘ [ERROR] Worker "postern" (env: staging) not found.\x1b[0m\n\nIf this is a new Worker\n';
    return { code: 1, out: "", err };
  }
  return { code: 0, out: JSON.stringify(secrets.map((name) => ({ name, type: "secret_text" }))), err: "" };
}

// As a process it has the name of wrangler's own script.
if (process.argv[1]?.endsWith("wrangler.js")) {
  const { code, out, err } = standIn(process.argv.slice(2), process.cwd(), process.env);
  process.stdout.write(out);
  process.stderr.write(err);
  if (code === null) {
    process.on("SIGINT", () => {});
    setTimeout(() => {}, 60_000);
  } else process.exitCode = code;
}
