import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { keepStateInMemory } from "./dev/memory-folder.ts";
import { readWorkerOptions } from "./dev/wrangler-settings.ts";
import { TEST_VARS } from "./test/support/vars.ts";

keepStateInMemory();

// No test opens a TLS connection, and Miniflare takes a third of a second a start to hand these certificates on.
delete process.env["NODE_EXTRA_CA_CERTS"];

// The tests start some sixty processes of Node, and most of the time of such a process goes into compiling. Node finds
// what it keeps there by the source, so that a changed file is compiled anew.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/compiled");

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

/**
 * The projects share a queue, so the number is that of both. Some tests wait for the clock, which the third process makes
 * use of. Each process starts a workerd, so a fourth takes more of the processor than it saves.
 */
const MAX_WORKERS = 3;

export default defineConfig({
  test: {
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
          // A workerd runs many files: they make isolates, organizations and keys of their own, and most of the time went into starts.
          isolate: false,
          include: ["test/**/*.test.ts"],
          exclude: [
            "test/bench/**",
            "test/browser/**",
            "test/e2e/**",
            "test/cli/**",
            "test/console-page/**",
            "test/deploy/**",
            "test/dev/**",
            "test/docs/**",
            "test/openapi/**",
            "test/simulation/**",
          ],
          setupFiles: ["test/support/guard.ts"],
          // Some tests compute or make calls for a second or two, which is several on a busy machine. None waits for this.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          maxWorkers: MAX_WORKERS,
        },
      },
      {
        // In Node: the built Worker and the sandbox from outside, on real sockets, the command-line tools, and what takes
        // much arithmetic.
        test: {
          name: "e2e",
          include: ["test/{bench,cli,console-page,deploy,dev,docs,e2e,openapi,simulation}/**/*.test.ts"],
          globalSetup: ["test/e2e/builds.ts"],
          setupFiles: ["test/e2e/guard.ts", "test/e2e/use-builds.ts"],
          // A process runs many files: what they serve takes long to load.
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 60_000,
          // What happens behind an answer may take a busy machine more than the second that is the default.
          expect: { poll: { timeout: 10_000 } },
          // Concurrent tests of one file wait for the clock, and not for the processor.
          maxConcurrency: 20,
          maxWorkers: MAX_WORKERS,
        },
      },
    ],
  },
});
