/** A key that is handed over by a link: made in the console, opened in another browser. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { findViolations } from "./accessibility.ts";
import { createRecord, KEY, openConsole, shownKey, startConsole, statusWith } from "./console.ts";
import { openVisit } from "./visit.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startConsole();
});
afterAll(async () => await postern.stop());

test("a link shows the key once, after a click, and a second opening says that it is gone", async () => {
  const { page } = await openConsole(postern, "keys/new");
  await page.getByLabel("Name").fill("Partner by link");
  await page.getByLabel("Hand it over").selectOption("By a link that works for a day");
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByRole("heading", { name: "A link to the key of Partner by link" }).waitFor();
  expect(await page.content()).not.toMatch(KEY);
  const link = (await page.locator("code.secret").textContent()) ?? "";
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/handover#[\w.~-]+$/);
  await page.getByRole("button", { name: "I have sent it" }).click();
  await page.getByRole("heading", { name: "Partner by link", level: 1 }).waitFor();
  expect(await page.content()).not.toContain(link);

  // The preview of a link reads the page, and runs none of its scripts.
  expect((await fetch(link)).status).toBe(200);
  const partner = await openVisit(postern.url, {
    colorScheme: "dark",
    viewport: { width: 360, height: 740 },
  });
  await partner.page.goto(link);
  await partner.page.getByRole("button", { name: "Show the key" }).waitFor();
  expect(await partner.page.content()).not.toMatch(KEY);
  expect(partner.page.url()).not.toContain("#");
  await partner.page.reload();
  await partner.page.getByRole("heading", { name: "Open the link once more" }).waitFor();
  await partner.page.goto(link);
  expect(await findViolations(partner.page)).toEqual([]);
  await partner.page.getByRole("button", { name: "Show the key" }).click();
  await partner.page.getByRole("heading", { name: "Your API key" }).waitFor();
  expect(await statusWith(postern, await shownKey(partner.page))).toBe(200);
  expect(await findViolations(partner.page)).toEqual([]);
  await partner.page.getByText("Fields of organizations").waitFor();
  const reference = await partner.page.getByRole("link", { name: "the reference" }).getAttribute("href");
  expect((await fetch(new URL(reference ?? "", postern.url))).status).toBe(200);
  await partner.picture("handover-phone");
  // As a browser says that it keeps the page for its Back button.
  const leave = (event: string) => dispatchEvent(new PageTransitionEvent(event, { persisted: true }));
  await partner.page.evaluate(leave, "pagehide");
  expect(await partner.page.content()).not.toMatch(KEY);
  await partner.page.evaluate(leave, "pageshow");
  await partner.page.getByRole("heading", { name: "The key was shown" }).waitFor();
  expect(await partner.page.content()).not.toMatch(KEY);

  const late = await openVisit(postern.url);
  await late.page.goto(link);
  late.expectRefusal(404, /^\/handover$/);
  await late.page.getByRole("button", { name: "Show the key" }).click();
  await late.page.getByRole("heading", { name: "This link no longer works" }).waitFor();
  expect(await late.page.content()).not.toMatch(KEY);
  expect(await findViolations(late.page)).toEqual([]);
});

test("a rotation by link gives the key to the page of the link alone", async () => {
  const { key_id } = await createRecord(postern, { name: "Rotated by link" });
  const { page } = await openConsole(postern, `keys/${key_id}`);
  await page.getByRole("button", { name: "Rotate" }).click();
  await page.getByLabel("Hand it over").selectOption("By a link that works for an hour");
  await page.getByRole("button", { name: "Rotate the key" }).click();
  await page.getByRole("heading", { name: "A link to the key of Rotated by link" }).waitFor();
  expect(await page.content()).not.toMatch(KEY);
});
