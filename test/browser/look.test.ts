import { afterAll, beforeAll, test } from "vitest";
import { ADMIN_TOKEN } from "../../dev/credentials.ts";
import { runDemo } from "../../dev/demo.ts";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { findViolations } from "./accessibility.ts";
import { openConsole, startConsole } from "./console.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startConsole({ CACHE_FRESH_SECONDS: "1" });
  await runDemo(
    { url: postern.url, adminToken: ADMIN_TOKEN, sandboxUrl: postern.sandboxUrl },
    { signal: new AbortController().signal, onLine: console.log, speed: 10 },
  );
});
afterAll(async () => await postern.stop());

test.each([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone", { viewport: { width: 360, height: 780 } }],
] as const)(
  "look %s",
  async (name, options) => {
    const { page, picture } = await openConsole(postern, "overview", options);
    await page.getByRole("heading", { name: "Busiest keys" }).waitFor();
    await picture(`overview-${name}`);
    const show = async (view: string, ready: () => Promise<unknown>) => {
      await page.goto(`/console/#${view}`);
      await ready();
      await picture(`${view.replace(/\W+/g, "-")}-${name}`);
      console.log(view, name, await findViolations(page));
    };
    await show("keys", async () => await page.getByRole("link", { name: "Storefront" }).waitFor());
    await show("keys/new", async () => await page.getByRole("button", { name: "Create the key" }).waitFor());
    const { keys } = (await (await postern.admin("GET", "/admin/keys?q=CRM")).json()) as {
      keys: { key_id: string }[];
    };
    await page.goto(`/console/#keys/${keys[0]?.key_id}`);
    await page.getByText("Hit ratio").waitFor();
    await picture(`key-${name}`);
    console.log("key", await findViolations(page));
    await page.getByRole("button", { name: "Rotate" }).click();
    await page.getByRole("dialog").waitFor();
    await page.screenshot({ path: `dist/pictures/rotate-${name}.png` });
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").waitFor();
    await page.screenshot({ path: `dist/pictures/revoke-${name}.png` });
    console.log("dialog", await findViolations(page));
    await page.keyboard.press("Escape");
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByRole("heading", { name: "Edit the key" }).waitFor();
    await page.getByLabel("Calls").fill("10");
    await picture(`edit-${name}`);
    await show("sessions", async () => await page.getByRole("button", { name: "Save the policy" }).waitFor());
  },
  90_000,
);
