/** Signing in and out, and what a page does when Postern is slow or cannot be reached. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { findViolations } from "./accessibility.ts";
import { createRecord, KEY, openConsole, shownKey, signIn, startConsole } from "./console.ts";
import { openVisit } from "./visit.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startConsole();
});
afterAll(async () => await postern.stop());

test("a wrong token is refused in words, and the right one opens the overview", async () => {
  const visit = await openVisit(postern.url);
  const { page } = visit;
  await page.goto("/console/");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await findViolations(page)).toEqual([]);
  const field = page.getByLabel("Admin token");
  expect(await field.evaluate((input) => input === document.activeElement)).toBe(true);
  visit.expectRefusal(401, /^\/console\/session$/);
  await page.getByLabel("Admin token").fill("wrong-token-of-more-than-thirty-two-characters");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("alert").filter({ hasText: "This is not the admin token." }).waitFor();
  expect(await page.getByRole("heading", { name: "Sign in" }).count()).toBe(1);
  await signIn(visit);
  await page.getByRole("heading", { name: "Overview", level: 1 }).waitFor();
  // The page has a cookie that no script reads, and nothing else.
  const [cookie] = await visit.context.cookies();
  expect(cookie).toMatchObject({ name: "__Host-postern", httpOnly: true, secure: true, sameSite: "Strict" });
  expect(
    await page.evaluate("JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])"),
  ).toBe('["",{},{}]');
});

test("a view opened by its URL is there after a sign-in and after a reload", async () => {
  const visit = await openVisit(postern.url);
  await visit.page.goto("/console/#purge");
  await signIn(visit);
  await visit.page.getByRole("heading", { name: "Purge", level: 1 }).waitFor();
  await visit.page.reload();
  await visit.page.getByRole("heading", { name: "Purge", level: 1 }).waitFor();
});

test("after a sign-out the page shows nothing, and the cookie is gone", async () => {
  const { page, context } = await openConsole(postern, "keys");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await context.cookies()).toEqual([]);
  await page.reload();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  expect(await page.getByRole("navigation", { name: "Views" }).count()).toBe(0);
});

test("a lost connection is said in words, and the page recovers by itself", async () => {
  const { page, setOffline } = await openConsole(postern, "purge");
  const purge = page.getByRole("button", { name: "Purge the RBAC policy" });
  await purge.waitFor();
  await setOffline(true);
  await purge.click();
  await page.getByText("Postern cannot be reached. The page tries again by itself.").waitFor();
  expect(await findViolations(page)).toEqual([]);
  await setOffline(false);
  await page.getByText("Postern cannot be reached. The page").waitFor({ state: "hidden" });
  await purge.click();
  await page.getByRole("status").filter({ hasText: "RBAC policy" }).waitFor();
  expect(await page.getByText("Postern cannot be reached").count()).toBe(0);
});

test("a slow save takes nobody back from another view, and its failure is told there", async () => {
  const { key_id } = await createRecord(postern, { name: "Saved slowly" });
  const { page } = await openConsole(postern, `keys/${key_id}?edit=1`);
  const answers: ((answer: object) => void)[] = [];
  await page.route(`**/admin/keys/${key_id}`, async (route) => {
    if (route.request().method() !== "PATCH") return await route.continue();
    await route.fulfill(await new Promise<object>((resolve) => answers.push(resolve)));
  });
  const save = page.getByRole("button", { name: /^Sav/ });
  const saveAndLeave = async (name: string) => {
    await page.getByLabel("Name").fill(name);
    await save.focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: "Saving…" }).waitFor();
    // A second press is one too many, and the button keeps the focus.
    await page.keyboard.press("Enter");
    expect(await save.evaluate((button) => button === document.activeElement)).toBe(true);
    await page.getByRole("link", { name: "Purge" }).click();
    await page.getByRole("heading", { name: "Purge", level: 1 }).waitFor();
  };
  await saveAndLeave("Saved later");
  answers.shift()?.({ json: {} });
  await page.getByText("Saved 1 change.").waitFor();
  expect(new URL(page.url()).hash).toBe("#purge");
  await page.goto(`/console/#keys/${key_id}?edit=1`);
  await saveAndLeave("Not saved");
  // It breaks off.
  answers.shift()?.({ body: "{" });
  await page.getByText("it is not known whether the change was made").waitFor();
  expect(answers).toEqual([]);
});

test("whoever leaves while a key is being created is asked first, and may wait for it", async () => {
  const { page } = await openConsole(postern, "keys/new");
  const held = Promise.withResolvers<void>();
  await page.route("**/admin/keys", async (route) => {
    await held.promise;
    await route.continue();
  });
  await page.getByLabel("Name").fill("On its way");
  await page.getByRole("button", { name: "Create the key" }).click();
  await page.getByRole("button", { name: "Creating…" }).waitFor();
  const question = page.waitForEvent("dialog");
  const leaving = page.getByRole("link", { name: "Purge" }).click();
  await (await question).dismiss();
  await leaving;
  held.resolve();
  await page.getByRole("heading", { name: "The key of On its way" }).waitFor();
  expect(await shownKey(page)).toMatch(KEY);
});
