/** The command line of `npm start`, and the choice of its port. */
import { createServer } from "node:net";
import { optionsTakenByNpm } from "./options-of-npm.ts";

export const DEFAULT_PORT = 8787;
const DEFAULT_SANDBOX_PORT = 8788;
const MAX_PORT = 65_535;

export const HELP = `Usage: npm start [-- --demo]

Runs Postern on this machine, with local KV and Durable Objects: in front of the
sandbox, or in front of your own Stytch project if .dev.vars has its credentials
(copy .dev.vars.example). Prints the addresses of Postern and of its console, a
key and commands to try.
Ctrl-C stops it. Keys stay in .wrangler/ for the next start, and so does the
cache, but not that of the sandbox, which starts anew each time. One Postern
runs in a clone at a time.

Options:
  --demo  a minute of traffic, so that the console has something to show: ten
          keys, hits, misses, refusals, an outage of Stytch. Only in front of
          the sandbox

Environment:
  PORT  port of Postern (default: ${DEFAULT_PORT})

Examples:
  npm start
  npm start -- --demo
  PORT=8987 npm start
  PORT=8987 npm run keys -- list`;

type StartOptions =
  | { readonly kind: "start"; readonly port: number; readonly hasDemo: boolean }
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
  if (optionsTakenByNpm(["demo"], env).length > 0) {
    return { kind: "invalid", problem: "npm took --demo for itself. Write: npm start -- --demo" };
  }
  const others = args.filter((arg) => arg !== "--demo");
  if (others.length > 0) return { kind: "invalid", problem: argumentProblem(others.join(" ")) };
  const port = Number(env["PORT"] || DEFAULT_PORT);
  if (isPort(port)) return { kind: "start", port, hasDemo: args.length > 0 };
  return { kind: "invalid", problem: `PORT must be a whole number from 1 to ${MAX_PORT}.` };
}

function argumentProblem(text: string): string {
  const wanted = Number(/^(?:--port|-p)[= ]?(\d+)$/.exec(text)?.[1] ?? /^(\d+)$/.exec(text)?.[1]);
  const example = `PORT=${isPort(wanted) ? wanted : 8987} npm start`;
  return `npm start takes no argument but --demo. To choose the port, set PORT: ${example}`;
}

const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= MAX_PORT;

/** Null if a server can listen on the port, on loopback; otherwise the code of the error, such as EADDRINUSE. */
export type PortProbe = (port: number) => Promise<string | null>;

export const probePort: PortProbe = (port) =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(null)));
  });

/** The sandbox's usual port; 0, for any, if that is taken or about to be Postern's, because the sandbox starts first. */
export async function chooseSandboxPort(posternPort: number, probe: PortProbe = probePort): Promise<number> {
  if (posternPort === DEFAULT_SANDBOX_PORT) return 0;
  return (await probe(DEFAULT_SANDBOX_PORT)) === null ? DEFAULT_SANDBOX_PORT : 0;
}

/** Null if the port is free; otherwise the problem in words, with the next free port. */
export async function checkPortFree(port: number, probe: PortProbe = probePort): Promise<string | null> {
  const error = await probe(port);
  if (error === null) return null;
  // Unprivileged programs may not have the low ports, and those after this one are no better.
  const isForbidden = error === "EACCES";
  const problem = `Port ${port} ${isForbidden ? "is not allowed for an ordinary user" : "is taken"}.`;
  const first = isForbidden ? DEFAULT_PORT : port + 1;
  for (let next = first; next <= MAX_PORT; next += 1) {
    if ((await probe(next)) === null) return `${problem} Try: PORT=${next} npm start`;
  }
  for (let next = Math.min(port - 1, DEFAULT_PORT); next > 0; next -= 1) {
    if ((await probe(next)) === null) return `${problem} Try: PORT=${next} npm start`;
  }
  return `${problem} No other port is free.`;
}
