/** Keys in the console: how they are found, and what their pages tell of their calls. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { createRecord, openConsole, startConsole, statusWith, waitForUsage } from "./console.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startConsole();
});
afterAll(async () => await postern.stop());

test("keys are found by a part of their name, by status, and page by page", async () => {
  const names = Array.from({ length: 52 }, (_, index) => `Many ${index}`);
  await Promise.all(names.map(async (name) => await createRecord(postern, { name })));
  const gone = await createRecord(postern, { name: "Many gone" });
  await postern.admin("DELETE", `/admin/keys/${gone.key_id}`);
  const { page } = await openConsole(postern, "keys");
  const rows = page.getByRole("table", { name: "Keys" }).locator("tbody tr");
  await page.getByLabel("Search").fill("many");
  await page.waitForURL(/q=many/);
  await page.getByRole("link", { name: "Older keys" }).click();
  await page.getByRole("link", { name: "Newest keys" }).waitFor();
  expect(await rows.count()).toBe(3);
  await page.getByRole("link", { name: "Newest keys" }).click();
  await page.getByRole("link", { name: "Older keys" }).waitFor();
  expect(await rows.count()).toBe(50);
  await page.getByLabel("Status").selectOption("Revoked");
  await page.getByRole("link", { name: "Many gone" }).waitFor();
  await vi.waitFor(async () => expect(await rows.count()).toBe(1));
  await page.getByLabel("Search").fill("nobody");
  await page.getByText("No key matches.").waitFor();
  await page.getByRole("link", { name: "Show all keys" }).click();
  await page.getByRole("link", { name: "Older keys" }).waitFor();
  expect(await page.getByLabel("Search").inputValue()).toBe("");
});

test("a search that was not yet made does not lead back to the list", async () => {
  const { page } = await openConsole(postern, "keys");
  await page.getByRole("heading", { name: "Keys", level: 1 }).waitFor();
  // At once, as a person on a slow machine.
  await page.evaluate(`{
    const input = document.querySelector('[name="q"]');
    input.value = "half a na";
    input.dispatchEvent(new Event("input", { bubbles: true }));
    location.hash = "purge";
  }`);
  await page.getByRole("heading", { name: "Purge", level: 1 }).waitFor();
  // Longer than a search waits for another keystroke.
  await page.waitForTimeout(300);
  expect(new URL(page.url()).hash).toBe("#purge");
});

test("the calls of a key are in its plot and in the table beside it", async () => {
  const limited = { name: "Counted", rate_limit: { limit: 3, period_seconds: 3_600 } };
  const { key_id, key } = await createRecord(postern, limited);
  const statuses: number[] = [];
  for (let call = 0; call < 5; call += 1) statuses.push(await statusWith(postern, key));
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  await waitForUsage(postern, key_id, key, { rate_limited: 2 });
  const { page } = await openConsole(postern, `keys/${key_id}`);
  await page.getByRole("img", { name: "Calls by outcome: 5 in all." }).waitFor();
  const figure = page.locator("dl div").filter({ has: page.getByText("Calls", { exact: true }) });
  expect(await figure.locator("dd").textContent()).toBe("5all, refused ones included");
  await page.getByText("Show as a table").click();
  const table = page.getByRole("table", { name: "Calls by outcome" });
  const cells = table.locator("tbody tr").first().locator("td");
  const titles = await table.locator("th").allTextContents();
  const counts = Object.fromEntries(titles.map((title, index) => [title, index]));
  expect(await cells.nth(counts["Rate limited"] ?? -1).textContent()).toBe("2");
  const answered = await Promise.all(
    ["Cache hits", "Asked of Stytch"].flatMap((title) => {
      const index = counts[title];
      return index === undefined ? [] : [cells.nth(index).textContent()];
    }),
  );
  expect(answered.reduce((sum, text) => sum + Number(text), 0)).toBe(3);
});
