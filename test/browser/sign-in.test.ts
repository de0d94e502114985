/** Signing in and out, and what a page says when Postern cannot be reached. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { findViolations } from "./accessibility.ts";
import { openConsole, signIn, startConsole } from "./console.ts";
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
  await purge.click();
  await page.getByRole("status").filter({ hasText: "RBAC policy" }).waitFor();
  expect(await page.getByText("Postern cannot be reached").count()).toBe(0);
});
