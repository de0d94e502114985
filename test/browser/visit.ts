/**
 * A browser's context that fails its test (`guard.ts`) if a page asks another host for anything, prints a line to its
 * console, or throws. Chromium prints a line for each answer that is an error, so a test announces those that it provokes.
 */
import { mkdirSync } from "node:fs";
import type { BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { getBrowser } from "./chromium.ts";

/** Ignored by git. */
const PICTURES = "dist/pictures";

/** Longer than any answer takes on a busy machine. A test waits for roles and texts, so it ends when they are there. */
const TIMEOUT_MS = 15_000;

export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  /**
   * Announces answers with an error: `path` is the pattern of their path. The test fails if there is none, and if there
   * is one that was not announced.
   */
  expectRefusal(status: number, path: RegExp): void;
  /** Takes the network away, and gives it back. Failures of requests in between count as announced. */
  setOffline(offline: boolean): Promise<void>;
  /** Saves a picture of the whole page in an ignored folder. */
  picture(name: string): Promise<void>;
}

interface Refusal {
  readonly status: number;
  readonly path: RegExp;
  count: number;
}

interface Watch {
  readonly context: BrowserContext;
  readonly problems: string[];
  readonly refusals: Refusal[];
}

const watches: Watch[] = [];

/** Opens a context of its own: no cookie and no storage of another. Closed after the test. */
export async function openVisit(origin: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const browser = await getBrowser();
  const context = await browser.newContext({
    baseURL: origin,
    viewport: { width: 1_280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/Paris",
    colorScheme: "light",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(TIMEOUT_MS);
  const watch: Watch = { context, problems: [], refusals: [] };
  watches.push(watch);
  const network = { wasOffline: false };
  watchRequests(watch, origin);
  watchConsole(watch, network);
  const page = await context.newPage();
  return {
    page,
    context,
    expectRefusal: (status, path) => void watch.refusals.push({ status, path, count: 0 }),
    setOffline: async (offline) => {
      network.wasOffline = true;
      await context.setOffline(offline);
    },
    picture: async (name) => await savePicture(page, name),
  };
}

function watchRequests({ context, problems }: Watch, origin: string): void {
  context.on("request", (request) => {
    const url = new URL(request.url());
    const isLocal = url.origin === origin || url.protocol === "data:" || url.protocol === "blob:";
    if (!isLocal) problems.push(`a request to ${url.origin}`);
  });
}

function watchConsole(
  { context, problems, refusals }: Watch,
  network: { readonly wasOffline: boolean },
): void {
  context.on("console", (message) => {
    const text = message.text();
    const status = Number(/^Failed to load resource: .* status of (\d{3})/.exec(text)?.[1]);
    const path = URL.parse(message.location().url)?.pathname ?? "";
    const announced = refusals.find((refusal) => refusal.status === status && refusal.path.test(path));
    if (announced !== undefined) announced.count += 1;
    else if (!(network.wasOffline && text.includes("net::ERR_INTERNET_DISCONNECTED")))
      problems.push(`a line in the console: ${text} (${path})`);
  });
  context.on("weberror", (error) => problems.push(`an uncaught error: ${String(error.error())}`));
}

async function savePicture(page: Page, name: string): Promise<void> {
  mkdirSync(PICTURES, { recursive: true });
  // Otherwise the bar, which sticks to the top, is in the middle.
  await page.evaluate("scrollTo(0, 0)");
  await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true, animations: "disabled" });
}

/** Closes all that is open, and returns what went wrong there since it was opened. */
export async function closeVisits(): Promise<string[]> {
  const ended = watches.splice(0);
  for (const { context } of ended) {
    // The answer of a page comes after all that it has said before.
    for (const page of context.pages()) await page.evaluate("0").catch(() => undefined);
    await context.close();
  }
  const missing = ended.flatMap(({ refusals }) => refusals.filter(({ count }) => count === 0));
  return [
    ...ended.flatMap(({ problems }) => problems),
    ...missing.map(({ status, path }) => `no ${status} of ${path}`),
  ];
}

/** Saves a picture of each page that is open. */
export async function saveFailures(title: string): Promise<void> {
  const name = title.replace(/\W+/g, "-").toLowerCase();
  const pages = watches.flatMap(({ context }) => context.pages());
  for (const [index, page] of pages.entries()) await savePicture(page, `failed-${name}-${index}`);
}
