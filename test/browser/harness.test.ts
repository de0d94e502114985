import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findViolations } from "./accessibility.ts";
import { findChromium } from "./chromium.ts";
import { closeVisits, openVisit, type Visit } from "./visit.ts";

const isOneOf =
  (...paths: string[]) =>
  (path: string) =>
    paths.includes(path);

test("Chromium is looked for in PATH before the usual places, and CHROMIUM decides", () => {
  const env = { PATH: "/a:/b" };
  const usual = "/usr/lib/chromium/chromium";
  expect(findChromium(env, isOneOf("/b/chromium", usual))).toBe("/b/chromium");
  expect(findChromium(env, isOneOf("/a/google-chrome", usual))).toBe("/a/google-chrome");
  expect(findChromium(env, isOneOf(usual))).toBe(usual);
  expect(findChromium({ ...env, CHROMIUM: "/c/chrome" }, isOneOf("/c/chrome", usual))).toBe("/c/chrome");
});

test("a machine without Chromium fails the run with what to install", () => {
  expect(() => findChromium({ PATH: "/a" }, isOneOf())).toThrow("apt-get install chromium");
  expect(() => findChromium({ CHROMIUM: "/c" }, isOneOf("/usr/bin/chromium"))).toThrow("CHROMIUM is /c");
});

let server: Server;
let origin: string;
beforeAll(async () => {
  server = createServer(({ url }, response) => {
    response.writeHead(url === "/missing" ? 404 : 200, {
      "Content-Type": "text/html",
      // As the console has it: what the tests do to a page must get past it.
      "Content-Security-Policy": "default-src 'none'; connect-src *; img-src data:",
    });
    response.end(
      '<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>Page</title><main>Text</main>',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

async function problemsOf(script: string, announce: (visit: Visit) => void = () => {}): Promise<string[]> {
  const visit = await openVisit(origin);
  announce(visit);
  await visit.page.goto("/");
  await visit.page.evaluate(script);
  return await closeVisits();
}

test("a visit without a fault has no problem", async () => {
  expect(await problemsOf("fetch('/').then((response) => response.text())")).toEqual([]);
});

test.each([
  ["a line in the console", "console.log('hello')", /^a line in the console: hello/],
  [
    "a request to another host",
    "fetch('http://127.0.0.2/').catch(() => {})",
    /^a request to http:\/\/127\.0\.0\.2$/,
  ],
  [
    "an uncaught error",
    "void setTimeout(() => { throw new Error('broken') })",
    /^an uncaught error: Error: broken/,
  ],
  ["an answer that was not announced", "fetch('/missing').then(() => {})", /status of 404 .*\(\/missing\)/],
])("a visit with %s has a problem", async (_, script, problem) => {
  const problems = await problemsOf(script);
  expect(problems[0]).toMatch(problem);
});

test("an announced refusal is no problem, and one that does not come is", async () => {
  const announce = (visit: Visit) => visit.expectRefusal(404, /^\/missing$/);
  expect(await problemsOf("fetch('/missing').then(() => {})", announce)).toEqual([]);
  expect(await problemsOf("0", announce)).toEqual([String.raw`no 404 of /^\/missing$/`]);
});

test("requests that fail while the network is taken away are no problem", async () => {
  const visit = await openVisit(origin);
  await visit.page.goto("/");
  await visit.setOffline(true);
  await visit.page.evaluate("fetch('/').catch(() => {})");
  expect(await closeVisits()).toEqual([]);
});

test("axe-core finds a picture without a description", async () => {
  const { page } = await openVisit(origin);
  await page.goto("/");
  expect(await findViolations(page)).toEqual([]);
  await page.evaluate("document.querySelector('main').append(new Image())");
  expect(await findViolations(page)).toEqual([expect.stringContaining("image-alt")]);
});
