/** Asks at the terminal. Questions go to stderr, since stdout is for results. */
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { DeployProblem, throwIfInterrupted } from "./problem.ts";

export interface Terminal {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** What Ctrl-C does: a terminal that hides its input sends no signal. */
  readonly interrupt: () => void;
  readonly signal: AbortSignal;
}

/** Returns the answer without spaces around it. `isHidden`: no character of it is shown. */
export async function ask(terminal: Terminal, question: string, isHidden: boolean): Promise<string> {
  const { input, output, interrupt, signal } = terminal;
  throwIfInterrupted(signal);
  // The interface repeats what is typed on its own output.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input, output: isHidden ? silent : output, terminal: true });
  reader.on("SIGINT", interrupt);
  if (isHidden) output.write(question);
  const closed = new Promise<null>((resolve) => {
    reader.once("close", () => resolve(null));
  });
  try {
    const answer = await Promise.race([
      reader.question(isHidden ? "" : question, { signal }).catch(() => null),
      closed,
    ]);
    throwIfInterrupted(signal);
    if (answer === null) throw new DeployProblem("The input ended before the question was answered.");
    return answer.trim();
  } finally {
    reader.close();
    if (isHidden) output.write("\n");
  }
}
