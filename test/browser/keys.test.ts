/** Keys in the console: made, edited, rotated and revoked as an operator does it. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { demo } from "../../sandbox/seed.ts";
import { findViolations } from "./accessibility.ts";
import { createRecord, KEY, openConsole, readRecord, shownKey, startConsole, statusWith } from "./console.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startConsole();
});
afterAll(async () => await postern.stop());

test("a new key has what the form says, is copied once, and is then gone from the page", async () => {
  const { page, picture } = await openConsole(postern, "keys/new", {
    permissions: ["clipboard-read", "clipboard-write"],
  });
  await page.getByLabel("Name").fill("Warehouse");
  await page.getByLabel("organizations:metrics").check();
  await page.getByLabel("Calls").fill("600");
  await page.getByLabel("in each").selectOption("hour");
  await page.getByLabel("Organizations", { exact: true }).fill(demo.organization_id);
  await page.getByLabel("Only some fields of organizations").check();
  await page
    .getByLabel("Fields of organizations", { exact: true })
    .fill("organization_id\norganization_name");
  await page.getByLabel("Addresses").fill("127.0.0.0/8, ::1");
  await page.getByLabel("Expires").fill("2031-03-01T12:00");
  await page.getByLabel("Region").selectOption("Western Europe");
  expect(await findViolations(page)).toEqual([]);
  await picture("new-key");
  await page.getByRole("button", { name: "Create the key" }).click();

  await page.getByRole("heading", { name: "The key of Warehouse" }).waitFor();
  const shown = await shownKey(page);
  await page.getByRole("button", { name: "Copy the key" }).click();
  await page.getByRole("button", { name: "Copied the key" }).waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe(shown);
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "I have stored it" }).click();
  await page.getByRole("heading", { name: "Warehouse", level: 1 }).waitFor();
  expect(await page.content()).not.toMatch(KEY);
  await page.goBack();
  expect(await page.content()).not.toMatch(KEY);

  const record = await readRecord(postern, shown.split("_")[2] ?? "");
  expect(record).toMatchObject({
    name: "Warehouse",
    scopes: ["organizations:read", "organizations:metrics"],
    organization_ids: [demo.organization_id],
    fields: { organization: ["organization_id", "organization_name"], member: null },
    rate_limit: { limit: 600, period_seconds: 3_600 },
    allowed_ips: ["127.0.0.0/8", "::1"],
    // The viewer is in Paris.
    expires_at: "2031-03-01T11:00:00.000Z",
    region: "weur",
  });
});

test("what the API refuses shows at its field, which has the focus, and nothing typed is lost", async () => {
  const { page, expectRefusal } = await openConsole(postern, "keys/new");
  expectRefusal(400, /^\/admin\/keys$/);
  await page.getByLabel("Name").fill("Refused");
  await page.getByLabel("Calls").fill("ten");
  await page.getByLabel("Organizations", { exact: true }).fill(`${demo.organization_id}\nacme`);
  await page.getByRole("button", { name: "Create the key" }).click();
  const limit = page.getByRole("textbox", { name: "Calls" });
  await page.getByText("Must be a whole number from 1 to 1000000.").waitFor();
  await vi.waitFor(async () =>
    expect(await limit.evaluate((input) => input === document.activeElement)).toBe(true),
  );
  expect(await limit.getAttribute("aria-invalid")).toBe("true");
  expect(await limit.inputValue()).toBe("ten");
  expect(await findViolations(page)).toEqual([]);
  await limit.fill("10");
  await vi.waitFor(async () => expect(await page.locator(".field-problem").count()).toBe(0));
  expect(await limit.getAttribute("aria-invalid")).toBe(null);
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByText(/^Item 2 must be a whole organization ID/).waitFor();
  await page.getByLabel("Organizations", { exact: true }).fill(demo.organization_id);
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByRole("heading", { name: "The key of Refused" }).waitFor();
  // The live region does not repeat what was refused.
  expect(await page.locator("#announcements").textContent()).toBe("");
});

test("whoever leaves a key that was not stored is asked first, and may stay", async () => {
  const { page } = await openConsole(postern, "keys/new");
  await page.getByLabel("Name").fill("Nearly lost");
  await page.getByRole("button", { name: "Create the key" }).click();
  const title = page.getByRole("heading", { name: "The key of Nearly lost" });
  await title.waitFor();
  const key = await shownKey(page);
  const questions: string[] = [];
  const answer = (isLeaving: boolean) =>
    page.once("dialog", async (dialog) => {
      questions.push(dialog.message());
      await (isLeaving ? dialog.accept() : dialog.dismiss());
    });
  answer(false);
  await page.getByRole("link", { name: "Purge" }).click();
  await vi.waitFor(() => expect(questions).toEqual(["This page cannot show the key again. Leave it?"]));
  expect([await shownKey(page), new URL(page.url()).hash]).toEqual([key, "#keys/new"]);
  answer(false);
  await page.getByRole("button", { name: "Sign out" }).click();
  await vi.waitFor(() => expect(questions.length).toBe(2));
  expect(await shownKey(page)).toBe(key);
  answer(true);
  await page.getByRole("link", { name: "Purge" }).click();
  await page.getByRole("heading", { name: "Purge", level: 1 }).waitFor();
  expect(await page.content()).not.toMatch(KEY);
  // Nothing is left to lose.
  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("heading", { name: "Audit", level: 1 }).waitFor();
  expect(questions.length).toBe(3);
});

test("a key is made with the keyboard alone", async () => {
  const { page } = await openConsole(postern, "keys");
  const isFocused = async (name: string) =>
    await page.evaluate(
      (text) =>
        (document.activeElement?.getAttribute("name") ?? document.activeElement?.textContent) === text,
      name,
    );
  const tabTo = async (name: string) => {
    for (let presses = 0; presses < 60; presses += 1) {
      if (await isFocused(name)) return;
      await page.keyboard.press("Tab");
    }
    throw new Error(`The keyboard does not reach ${name}.`);
  };
  await page.getByRole("heading", { name: "Keys", level: 1 }).waitFor();
  await tabTo("New key");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "New key" }).waitFor();
  await tabTo("name");
  await page.keyboard.type("Typed");
  await tabTo("rbac:read");
  await page.keyboard.press("Space");
  await tabTo("Create the key");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "The key of Typed" }).waitFor();
  await tabTo("I have stored it");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Typed", level: 1 }).waitFor();
  await page.getByText("rbac:read").waitFor();
});

test("an edit shows what it changes, and leaves what another operator changed meanwhile", async () => {
  const { key_id } = await createRecord(postern, {
    name: "Edited",
    rate_limit: { limit: 90, period_seconds: 90 },
  });
  const { page, picture } = await openConsole(postern, `keys/${key_id}`);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByText("Nothing is changed yet.").waitFor();
  expect(await page.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  await page.getByLabel("Calls").fill("10");
  await page.getByLabel("in each").selectOption("minute");
  const changes = page.getByRole("region", { name: "What changes" });
  expect(await changes.textContent()).toMatch(/Rate limit\s*90 calls in 90 seconds 10 calls in 1 minute/);
  expect(await findViolations(page)).toEqual([]);
  await picture("edit-key");
  await postern.admin("PATCH", `/admin/keys/${key_id}`, { allowed_ips: ["127.0.0.1"] });
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText(/^Saved \d changes?\.$/).waitFor();
  await page.getByRole("heading", { name: "Edited", level: 1 }).waitFor();
  await page.getByText("10 calls in 1 minute").waitFor();
  expect(await readRecord(postern, key_id)).toMatchObject({
    rate_limit: { limit: 10, period_seconds: 60 },
    allowed_ips: ["127.0.0.1"],
    name: "Edited",
  });
});

test("a rotation shows a new key, and the old one works until the overlap ends", async () => {
  const { key_id, key: old } = await createRecord(postern, { name: "Rotated" });
  const { page } = await openConsole(postern, `keys/${key_id}`);
  await page.getByRole("button", { name: "Rotate" }).click();
  const dialog = page.getByRole("dialog", { name: "Rotate Rotated" });
  await dialog.getByLabel("The old key").selectOption("Works for another hour");
  expect(await findViolations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Rotate the key" }).click();
  await page.getByRole("heading", { name: "The key of Rotated" }).waitFor();
  const next = await shownKey(page);
  expect(next).not.toBe(old);
  await page.getByText("The earlier key works until").waitFor();
  await page.getByRole("button", { name: "I have stored it" }).click();
  await vi.waitFor(async () => expect(await page.content()).not.toMatch(KEY));
  expect([await statusWith(postern, next), await statusWith(postern, old)]).toEqual([200, 200]);
});

test("a revocation names the key, can be left with Escape, and is in force after the answer", async () => {
  const { key_id, key } = await createRecord(postern, { name: "Old laptop" });
  const { page, picture } = await openConsole(postern, `keys/${key_id}`);
  const open = page.getByRole("button", { name: "Revoke", exact: true });
  await open.click();
  const dialog = page.getByRole("dialog", { name: "Revoke Old laptop?" });
  await dialog.waitFor();
  expect(await dialog.textContent()).toContain(key_id);
  expect(await findViolations(page)).toEqual([]);
  await picture("revoke-key");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  expect(await open.evaluate((button) => button === document.activeElement)).toBe(true);
  expect(await readRecord(postern, key_id)).toMatchObject({ status: "active" });
  await open.click();
  await dialog.getByRole("button", { name: "Revoke Old laptop" }).click();
  await page.getByText("revoked", { exact: true }).waitFor();
  await vi.waitFor(async () => expect(await open.count()).toBe(0));
  const title = page.getByRole("heading", { name: "Old laptop", level: 1 });
  expect(await title.evaluate((heading) => heading === document.activeElement)).toBe(true);
  await vi.waitFor(async () => expect(await statusWith(postern, key)).toBe(401), { timeout: 5_000 });
});
