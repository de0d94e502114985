/** The console of a Postern in front of the sandbox, for the browser tests. */
import type { BrowserContextOptions } from "playwright-core";
import { ADMIN_TOKEN } from "../../dev/credentials.ts";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { openVisit, type Visit } from "./visit.ts";

/** Static files and the Worker on one socket, as a deployment has them. */
export async function startConsole(vars: Record<string, string> = {}): Promise<SandboxedPostern> {
  return await startSandboxedPostern({ LEASE_SECONDS: "1", ...vars }, { hasAssets: true });
}

/** Opens a view of the console in a context of its own, signed in. `view`: the fragment, such as `keys`. */
export async function openConsole(
  postern: SandboxedPostern,
  view = "overview",
  options: BrowserContextOptions = {},
): Promise<Visit> {
  const visit = await openVisit(postern.url, options);
  // As the form does it, but without its clicks: another test is about these.
  await visit.page.goto("/console/");
  await signIn(visit);
  if (view !== "overview") await visit.page.goto(`/console/#${view}`);
  return visit;
}

export async function signIn({ page }: Visit, token = ADMIN_TOKEN): Promise<void> {
  await page.getByLabel("Admin token").fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Views" }).waitFor();
}
