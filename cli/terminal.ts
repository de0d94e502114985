/** Asks whoever sits at the terminal. Not on stdout, which is for results. */
import { createInterface } from "node:readline/promises";

/** Only y or yes is a yes: Ctrl-C and the end of the input are a no. */
export async function askAtTerminal(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const leaving = new Promise<string>((resolve) => {
    terminal.once("close", () => resolve("\n"));
  });
  const answer = await Promise.race([terminal.question(`${question} [y/N] `), leaving]);
  terminal.close();
  // What follows is not to stand behind the question.
  if (answer === "\n") process.stderr.write(answer);
  return /^y(es)?$/i.test(answer.trim());
}
