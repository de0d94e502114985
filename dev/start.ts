/** `npm start`: reads the command line, checks the port, and runs Postern on this machine. */
import { checkNoPosternRuns } from "./running-postern.ts";
import { checkPortFree, HELP, readStartOptions } from "./start-options.ts";

const options = readStartOptions(process.argv.slice(2), process.env);
if (options.kind === "help") {
  console.log(HELP);
  process.exit(0);
}
if (options.kind === "invalid") exitWith(options.problem);
const problem = (await checkNoneRuns()) ?? (await checkPortFree(options.port));
if (problem !== null) exitWith(problem);

// Imported last, because wrangler takes seconds to load.
const { startLocalPostern } = await import("./local-postern.ts");
await startLocalPostern(options);

async function checkNoneRuns(): Promise<string | null> {
  try {
    return await checkNoPosternRuns();
  } catch (error) {
    // The saved state is damaged.
    return error instanceof Error ? error.message : String(error);
  }
}

function exitWith(message: string): never {
  console.error(message);
  process.exit(1);
}
