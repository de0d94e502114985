/** The environment of the processes that tests start. For Node only. */

/** Only what Node needs to start: where programs are, and where it keeps what it compiles. */
export function processEnv(): Record<string, string> {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const given = { PATH, NODE_COMPILE_CACHE };
  return Object.fromEntries(Object.entries(given).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}
