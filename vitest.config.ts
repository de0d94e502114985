import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { readWorkerOptions } from "./dev/wrangler-settings.ts";
import { TEST_VARS } from "./test/support/vars.ts";

/** How test/cache/model.test.ts is told to run more cases, or those of a seed. */
function modelOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const { MODEL_RUNS, MODEL_SEED, MODEL_PATH, MODEL_SHRINK } = env;
  const given = Object.entries({ MODEL_RUNS, MODEL_SEED, MODEL_PATH, MODEL_SHRINK });
  return Object.fromEntries(given.flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

/** A dependency is published without the sources that its source map names. */
const WITHOUT_SOURCE_MAP_WARNINGS = {
  name: "without-source-map-warnings",
  configResolved({ logger }: { logger: { warnOnce(message: string): void } }) {
    const warnOnce = logger.warnOnce.bind(logger);
    logger.warnOnce = (message) => {
      if (!/node_modules\/.* points to missing source files/.test(message)) warnOnce(message);
    };
  },
};

const IN_NODE = {
  setupFiles: ["test/e2e/guard.ts"],
  // One process for all files: what they serve takes long to load.
  isolate: false,
  testTimeout: 30_000,
  hookTimeout: 60_000,
  // Concurrent tests of one file wait for the clock, and not for the processor.
  maxConcurrency: 20,
};

/** End-to-end tests that mostly wait for entries to age. */
const WAITING = [
  "cache",
  "client-cache",
  "jwks",
  "pauses",
  "upstream-answers",
  "upstream-names",
  "waiters",
].map((name) => `test/e2e/${name}.test.ts`);

export default defineConfig({
  test: {
    // Three projects at a time: those in workerd take as long as each of the two on sockets.
    maxWorkers: 3,
    projects: [
      {
        // Inside workerd, with the bindings of wrangler.toml: pure tests, and black-box ones against an upstream made by hand.
        plugins: [
          cloudflareTest({
            main: "./src/index.ts",
            // The plugin's own option for wrangler.toml would take the user's variables, too.
            miniflare: readWorkerOptions("./wrangler.toml", { ...TEST_VARS, ...modelOf(process.env) }),
            // Otherwise workerd prints each exception that leaves an object, also those that a test injects.
            verbose: false,
          }),
          WITHOUT_SOURCE_MAP_WARNINGS,
        ],
        test: {
          name: "workerd",
          // One workerd for all files: they make isolates, organizations and keys of their own, and most of the time went into starts.
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/cli/**", "test/dev/**", "test/simulation/**"],
          setupFiles: ["test/support/guard.ts"],
        },
      },
      {
        // In Node: the built Worker and the sandbox from outside, on real sockets.
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: WAITING,
          ...IN_NODE,
        },
      },
      {
        // The same; they run beside the others, since they take little of the processor.
        test: {
          name: "e2e-waiting",
          include: WAITING,
          ...IN_NODE,
        },
      },
      {
        // In Node: the command-line tools, and what takes much arithmetic. It begins when one of the others has ended.
        test: {
          name: "tools",
          include: ["test/{cli,dev,simulation}/**/*.test.ts"],
          ...IN_NODE,
        },
      },
    ],
  },
});
