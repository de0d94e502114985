/** The command line of `npm start`, and the choice of its port. */
import { createServer } from "node:net";

const DEFAULT_PORT = 8787;
const DEFAULT_SANDBOX_PORT = 8788;
const MAX_PORT = 65_535;

export const HELP = `Usage: npm start

Runs Postern on this machine, with local KV and Durable Objects: in front of the
sandbox, or in front of your own Stytch project if .dev.vars has its credentials
(copy .dev.vars.example). Prints the address, a key and commands to try.
Ctrl-C stops it. Keys and the cache stay in .wrangler/ for the next start.

Environment:
  PORT  port of Postern (default: ${DEFAULT_PORT})

Examples:
  npm start
  PORT=8987 npm start
  PORT=8987 npm run keys -- list`;

type StartOptions =
  | { readonly kind: "start"; readonly port: number }
  | { readonly kind: "help" }
  | { readonly kind: "invalid"; readonly problem: string };

/**
 * The port comes from `PORT` alone, because `npm run keys` finds the local Postern by the same variable. An argument
 * is an error: ignored, it would start Postern on a port that nobody asked for.
 */
export function readStartOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): StartOptions {
  if (args.includes("--help") || args.includes("-h")) return { kind: "help" };
  if (args.length > 0) return { kind: "invalid", problem: argumentProblem(args.join(" ")) };
  const port = Number(env["PORT"] || DEFAULT_PORT);
  if (isPort(port)) return { kind: "start", port };
  return { kind: "invalid", problem: `PORT must be a whole number from 1 to ${MAX_PORT}.` };
}

function argumentProblem(text: string): string {
  const wanted = Number(/^(?:--port|-p)[= ]?(\d+)$/.exec(text)?.[1] ?? /^(\d+)$/.exec(text)?.[1]);
  const example = `PORT=${isPort(wanted) ? wanted : 8987} npm start`;
  return `npm start takes no arguments. To choose the port, set PORT: ${example}`;
}

const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= MAX_PORT;

type IsFree = (port: number) => Promise<boolean>;

/** Whether a server can listen on the port, on loopback. */
export async function isPortFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/** The sandbox's usual port; 0, for any, if that is taken or about to be Postern's, because the sandbox starts first. */
export async function chooseSandboxPort(posternPort: number, isFree: IsFree = isPortFree): Promise<number> {
  if (posternPort === DEFAULT_SANDBOX_PORT) return 0;
  return (await isFree(DEFAULT_SANDBOX_PORT)) ? DEFAULT_SANDBOX_PORT : 0;
}

/** Null if the port is free; otherwise the problem in words, with the next free port. */
export async function checkPortFree(port: number, isFree: IsFree = isPortFree): Promise<string | null> {
  if (await isFree(port)) return null;
  for (let next = port + 1; next <= MAX_PORT; next += 1) {
    if (await isFree(next)) return `Port ${port} is taken. Use the next free one: PORT=${next} npm start`;
  }
  return `Port ${port} is taken. Choose a lower one, such as PORT=${DEFAULT_PORT} npm start`;
}
