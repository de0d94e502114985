/** The reference and the page of errors, on a phone and on a desktop. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { findViolations } from "./accessibility.ts";
import { startConsole } from "./console.ts";
import { openVisit } from "./visit.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startConsole();
});
afterAll(async () => await postern.stop());

const PHONE = { viewport: { width: 360, height: 740 } };
const SIZES = [
  ["a phone", PHONE],
  ["a desktop", {}],
] as const;

test.each(SIZES)("the heading that a link leads to is below the header on %s", async (_, options) => {
  const { page } = await openVisit(postern.url, options);
  for (const path of ["/docs/errors#insufficient_scope", "/docs/#read_organization"]) {
    await page.goto(path);
    const tops = `[document.querySelector(".bar").getBoundingClientRect().bottom, document.querySelector(":target").getBoundingClientRect().top]`;
    const [header, target] = await page.evaluate<[number, number]>(tops);
    expect(await page.evaluate("scrollY > 200"), path).toBe(true);
    expect(target, path).toBeGreaterThanOrEqual(header);
    expect(target, path).toBeLessThan(header + 40);
  }
});

test.each(["/docs/", "/docs/errors"])("a phone shows the contents of %s on demand", async (path) => {
  const { page } = await openVisit(postern.url, PHONE);
  await page.goto(path);
  const link = page.locator(".contents li a").filter({ visible: true }).first();
  expect(await link.isVisible()).toBe(false);
  const [top] = await page.evaluate<number[]>("[document.querySelector('h1').getBoundingClientRect().top]");
  expect(top).toBeLessThan(250);
  await page.getByText("On this page", { exact: true }).click();
  expect(await link.isVisible()).toBe(true);
  expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
  expect(await findViolations(page)).toEqual([]);
});

test.each(["/docs/", "/docs/errors"])("a desktop always shows the contents of %s", async (path) => {
  const { page } = await openVisit(postern.url);
  await page.goto(path);
  expect(await page.locator(".contents summary").isVisible()).toBe(false);
  const link = page.locator(".contents li a").filter({ visible: true }).first();
  expect(await link.isVisible()).toBe(true);
  await link.click();
  expect(await page.evaluate("location.hash")).toBe(await link.getAttribute("href"));
  expect(await findViolations(page)).toEqual([]);
});
