/** How fast the console is there, in a browser that is open already and has nothing of it cached. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { startConsole } from "./console.ts";
import { openVisit } from "./visit.ts";

const MAX_LOAD_MS = 200;

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startConsole();
});
afterAll(async () => await postern.stop());

/** Milliseconds from the navigation to the end of the load event. */
const MEASURE = "performance.getEntriesByType('navigation')[0].loadEventEnd";

test("the console loads within 200 ms if nothing of it is cached", async () => {
  const { page, context } = await openVisit(postern.url);
  const session = await context.newCDPSession(page);
  await session.send("Network.setCacheDisabled", { cacheDisabled: true });
  const loads: number[] = [];
  // Other work on the machine makes a load slower, and nothing makes it faster. The first one also starts a process.
  for (let i = 0; i < 8; i += 1) {
    await page.goto("/console/", { waitUntil: "load" });
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    loads.push((await page.evaluate(MEASURE)) as number);
  }
  expect(Math.min(...loads)).toBeLessThan(MAX_LOAD_MS);
  expect(Math.min(...loads)).toBeGreaterThan(0);
});
