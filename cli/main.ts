/** `npm run keys -- <command>`: connects the command-line tool to this process. */
import { createInterface } from "node:readline/promises";
import { runCli } from "./cli.ts";
import { readLocalToken } from "./connection.ts";

// The reader of stdout may close it early, as in `list | head`.
process.stdout.on("error", () => {});

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  readLocalToken,
  confirm: process.stdin.isTTY && process.stderr.isTTY ? confirmAtTerminal : null,
  writeOut: (text) => void process.stdout.write(`${text}\n`),
  writeErr: (text) => void process.stderr.write(`${text}\n`),
});

/** Asks on stderr, as stdout is for results. Only "y" and "yes" confirm; Ctrl-C and the end of the input do not. */
async function confirmAtTerminal(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<string>((resolve) => {
    terminal.once("close", () => resolve("\n"));
  });
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), closed]);
  terminal.close();
  // If the input ended, the cursor is still on the line of the question.
  if (answer === "\n") process.stderr.write(answer);
  return /^y(es)?$/i.test(answer.trim());
}
