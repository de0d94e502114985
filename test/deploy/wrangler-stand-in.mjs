/**
 * Stands in for wrangler: `state.json` in the working directory says what it knows and does, and `calls.ndjson` gets a line
 * for each call.
 */
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";

const state = JSON.parse(readFileSync("state.json", "utf8"));
const args = process.argv.slice(2);
const file = args[args.indexOf("--secrets-file") + 1];
const hasFile = args.includes("--secrets-file");
const record = {
  args,
  mode: hasFile ? (statSync(file).mode & 0o777).toString(8) : null,
  secrets: hasFile ? JSON.parse(readFileSync(file, "utf8")) : null,
  pid: process.pid,
  environment: JSON.stringify(process.env),
};
appendFileSync("calls.ndjson", `${JSON.stringify(record)}\n`);

if (args[0] === "whoami") {
  process.stdout.write(JSON.stringify(state.login));
  process.exit(state.login.loggedIn ? 0 : 1);
}
if (args[0] === "secret") {
  if (state.secretList !== undefined) {
    process.stderr.write(`\x1b[31m${state.secretList}\x1b[0m\n`);
    process.exit(1);
  }
  if (state.secrets === null) {
    process.stderr.write(
      '\x1b[31m✘ [ERROR] Worker "postern" (env: staging) not found.\x1b[0m\n\nIf this is a new Worker\n',
    );
    process.exit(1);
  }
  process.stdout.write(JSON.stringify(state.secrets.map((name) => ({ name, type: "secret_text" }))));
  process.exit(0);
}
process.stdout.write("Uploaded postern\n");
if (state.deploy === "fail") process.exit(1);
if (state.deploy === "hang") {
  process.on("SIGINT", () => {});
  setTimeout(() => {}, 60_000);
} else {
  const secrets = [...new Set([...(state.secrets ?? []), ...Object.keys(record.secrets ?? {})])];
  writeFileSync("state.json", JSON.stringify({ ...state, secrets }));
  const entry = { type: "deploy", version: 1, targets: state.targets };
  appendFileSync(
    process.env.WRANGLER_OUTPUT_FILE_PATH,
    `{"type":"wrangler-session"}\n${JSON.stringify(entry)}\n`,
  );
}
