/** Fails each test in whose pages something went wrong. A set-up file: it runs again for each file of tests. */
import { afterEach, expect } from "vitest";
import { closeVisits, saveFailures } from "./visit.ts";

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") await saveFailures(task.name);
  expect(await closeVisits()).toEqual([]);
});
