/** The console of a Postern in front of the sandbox, for the browser tests. */
import type { BrowserContextOptions, Cookie, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { ADMIN_TOKEN } from "../../dev/credentials.ts";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { demo } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";
import { openVisit, type Visit } from "./visit.ts";

/** Static files and the Worker on one socket, as a deployment has them. */
export async function startConsole(vars: Record<string, string> = {}): Promise<SandboxedPostern> {
  return await startSandboxedPostern({ LEASE_SECONDS: "1", ...vars }, { hasAssets: true });
}

/** The cookies of the first sign-in at each Postern: the tests of `sign-in.test.ts` are about the form. */
const signedIn = new Map<string, Cookie[]>();

/** Opens a view of the console in a context of its own, signed in. `view`: the fragment, such as `keys`. */
export async function openConsole(
  postern: SandboxedPostern,
  view = "overview",
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const visit = await openVisit(postern.url, options);
  const cookies = signedIn.get(postern.url);
  if (cookies !== undefined) await visit.context.addCookies(cookies);
  await visit.page.goto(`/console/#${view}`);
  if (cookies === undefined) {
    await signIn(visit);
    signedIn.set(postern.url, await visit.context.cookies());
  }
  return visit;
}

export async function signIn({ page }: Visit, token = ADMIN_TOKEN): Promise<void> {
  await page.getByLabel("Admin token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Views" }).waitFor();
}

interface KeyAnswer {
  readonly key_id: string;
  readonly key: string;
}

/** A key that reads organizations. `fields`: further fields of the request body, or others. */
export async function createRecord(postern: SandboxedPostern, fields: object): Promise<KeyAnswer> {
  const body = { scopes: ["organizations:read"], ...fields };
  return (await (await postern.admin("POST", "/admin/keys", body)).json()) as KeyAnswer;
}

export async function readRecord(postern: SandboxedPostern, keyId: string): Promise<unknown> {
  return await (await postern.admin("GET", `/admin/keys/${keyId}`)).json();
}

/** The status with which Postern answers a read of the demo organization with a key. */
export async function statusWith(postern: SandboxedPostern, key: string): Promise<number> {
  const headers = { Authorization: `Bearer ${key}` };
  const response = await fetch(`${postern.url}${organizationPath(demo.organization_slug)}`, { headers });
  await response.arrayBuffer();
  return response.status;
}

/**
 * Resolves when the usage of a key has these counts. Calls are reported with the next renewal of the key's lease, so it
 * goes on asking after itself, which counts as no read.
 */
export async function waitForUsage(
  postern: SandboxedPostern,
  keyId: string,
  key: string,
  counts: object,
): Promise<void> {
  await vi.waitFor(
    async () => {
      await fetch(`${postern.url}/whoami`, { headers: { Authorization: `Bearer ${key}` } });
      const usage = await (await postern.admin("GET", `/admin/keys/${keyId}/usage`)).json();
      expect(usage).toMatchObject({ hours: [counts] });
    },
    { timeout: 10_000, interval: 200 },
  );
}

export const KEY = /pst_test_[0-9a-z]{16}_[0-9a-z]{50,64}/;

/** The key that is in the page. */
export async function shownKey(page: Page): Promise<string> {
  return KEY.exec((await page.getByRole("main").textContent()) ?? "")?.[0] ?? "";
}
