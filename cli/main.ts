/** `npm run keys -- <command>`: issues, lists, edits, rotates and revokes the keys of a Postern, and purges its cache, by its admin API. */

import { main } from "./cli.ts";
import { localToken } from "./local-token.ts";
import { askAtTerminal } from "./terminal.ts";

// Who reads the result may leave early: `list | head`.
process.stdout.on("error", () => {});

process.exitCode = await main(process.argv.slice(2), {
  env: process.env,
  localToken,
  confirm: process.stdin.isTTY && process.stderr.isTTY ? askAtTerminal : null,
  out: (text) => void process.stdout.write(`${text}\n`),
  err: (text) => void process.stderr.write(`${text}\n`),
});
