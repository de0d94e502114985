/**
 * `npm run test:browser`: the pages of Postern in Chromium. Apart from `npm test`, which needs no browser.
 * `npm run pictures`: takes the pictures of the documents instead.
 */
import { defineConfig } from "vitest/config";

delete process.env["NODE_EXTRA_CA_CERTS"];

export default defineConfig({
  test: {
    name: "browser",
    include: [process.env["PICTURES"] === "docs" ? "test/browser/pictures.ts" : "test/browser/**/*.test.ts"],
    globalSetup: ["test/e2e/builds.ts"],
    setupFiles: ["test/e2e/guard.ts", "test/e2e/use-builds.ts", "test/browser/guard.ts"],
    // One process, one browser, and one file after the other: on two processors, more of them only wait for each other.
    isolate: false,
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
