/** The overview, sessions, purge and audit, after traffic that the test knows. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { demo } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";
import { findViolations } from "./accessibility.ts";
import { createRecord, openConsole, startConsole, statusWith } from "./console.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startConsole();
});
afterAll(async () => await postern.stop());

const FORGED = `pst_test_0123456789abcdef_${"0".repeat(52)}`;

/** A miss, three hits, two over the limit, two not found, and one forged key. */
async function drive(): Promise<void> {
  const { key } = await createRecord(postern, { name: "Driven" });
  const limited = await createRecord(postern, {
    name: "Over its limit",
    rate_limit: { limit: 1, period_seconds: 3_600 },
  });
  const statuses: number[] = [];
  for (let call = 0; call < 3; call += 1) statuses.push(await statusWith(postern, key));
  for (let call = 0; call < 3; call += 1) statuses.push(await statusWith(postern, limited.key));
  statuses.push(await statusWith(postern, FORGED));
  for (let call = 0; call < 2; call += 1) {
    const headers = { Authorization: `Bearer ${key}` };
    statuses.push((await fetch(postern.url + organizationPath("no-such-organization"), { headers })).status);
  }
  expect(statuses).toEqual([200, 200, 200, 200, 429, 429, 401, 404, 404]);
  await vi.waitFor(
    async () => {
      const overview = await (await postern.admin("GET", "/admin/overview?hours=24")).json();
      expect(overview).toMatchObject({ totals: { requests: 9 } });
    },
    { timeout: 10_000, interval: 200 },
  );
}

test("the figures of the overview equal what was driven, in the page and in its table", async () => {
  await drive();
  const { page, picture } = await openConsole(postern);
  const figure = (label: string) =>
    page
      .locator("dl div")
      .filter({ has: page.getByText(label, { exact: true }) })
      .locator("dd");
  expect(await figure("Requests").textContent()).toBe("9none failed");
  expect(await figure("Refused").textContent()).toBe("32 by limits, 1 denied");
  expect(await figure("Requests to Stytch").textContent()).toMatch(/^2/);
  await page.getByText("Show as a table").click();
  const table = page.getByRole("table", { name: "Requests by outcome" });
  const titles = await table.locator("th").allTextContents();
  const cells = await table.locator("tbody tr").first().locator("td").allTextContents();
  const row = Object.fromEntries(titles.slice(1).map((title, index) => [title, cells[index + 1]]));
  expect(row).toEqual({
    "Cache hits": "3",
    "Asked of Stytch": "1",
    "Not found": "2",
    Denied: "1",
    "Rate limited": "2",
  });
  await page.getByRole("region", { name: "Health" }).getByText("All is well.").waitFor();
  expect(await figure("Cost a month").textContent()).toContain("like the last 24 hours");
  const busiest = page.getByRole("table", { name: /^The busiest keys/ });
  expect(await busiest.getByRole("row").nth(1).textContent()).toContain("Driven");
  // One call within the limit and two over it.
  const calls = busiest
    .getByRole("row")
    .filter({ hasText: "Over its limit" })
    .locator('[data-title="Calls"]');
  expect(await calls.textContent()).toBe("3");
  expect(await findViolations(page)).toEqual([]);
  await picture("overview");
  await busiest.getByRole("link", { name: "Over its limit" }).click();
  await page.getByRole("heading", { name: "Over its limit", level: 1 }).waitFor();
});

test("a purge says what it asked for, and the audit has it with who did it", async () => {
  const { key_id } = await createRecord(postern, { name: "Named in the audit" });
  await postern.admin("DELETE", `/admin/keys/${key_id}`);
  const visit = await openConsole(postern, "purge");
  const { page } = visit;
  await page.getByLabel("ID, slug or external ID").fill("acme");
  await page.getByText("Only a purge by ID").waitFor();
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "Purge the organization" }).click();
  await page.getByRole("status").filter({ hasText: "cached under acme" }).waitFor();
  visit.expectRefusal(400, /^\/admin\/cache\/purge$/);
  await page.getByLabel("ID, slug or external ID").fill("a/b");
  await page.getByRole("button", { name: "Purge the organization" }).click();
  const refusal = page.locator(".field-problem");
  await refusal.waitFor();
  expect(await refusal.textContent()).toMatch(/^[A-Z](?!.*organization_id)/);
  await page.getByRole("link", { name: "Audit" }).click();
  const row = page.getByRole("row").filter({ hasText: "Purged the cache" }).first();
  await row.waitFor();
  expect(await row.textContent()).toMatch(/Admin token.*acme/);
  const revoked = page.getByRole("row").filter({ hasText: "Revoked a key" }).first();
  await revoked.getByRole("link", { name: "Named in the audit" }).waitFor();
  expect(await findViolations(page)).toEqual([]);
});

test("a session policy is set, changed and deleted, and each is asked of the API", async () => {
  const visit = await openConsole(postern, "sessions");
  const { page } = visit;
  // The console asks for the policy, and there is none.
  visit.expectRefusal(404, /^\/admin\/session-policy$/);
  const read = async () => (await (await postern.admin("GET", "/admin/session-policy")).json()) as unknown;
  await page.getByText("No policy is set").waitFor();
  await page.getByLabel("members:read").check();
  await page.getByLabel("Calls").fill("20");
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "Set the policy" }).click();
  await page.getByRole("button", { name: "Delete the policy" }).waitFor();
  await page.getByText("The policy is saved, and in force everywhere within seconds.").waitFor();
  expect(await read()).toMatchObject({
    scopes: ["organizations:read", "members:read"],
    rate_limit: { limit: 20, period_seconds: 60 },
    max_age_seconds: 300,
    allow_impersonation: false,
  });
  visit.expectRefusal(400, /^\/admin\/session-policy$/);
  await page.getByLabel("Age of a token, in seconds").fill("5");
  await page.getByRole("button", { name: "Save the policy" }).click();
  await page.getByText("Must be a whole number from 60 to 3600.").waitFor();
  await page.getByLabel("Age of a token, in seconds").fill("600");
  await page.getByLabel("Allow impersonation").check();
  await page.getByRole("button", { name: "Save the policy" }).click();
  await vi.waitFor(async () =>
    expect(await read()).toMatchObject({ max_age_seconds: 600, allow_impersonation: true }),
  );
  expect(await findViolations(page)).toEqual([]);
  await page.getByRole("button", { name: "Delete the policy" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete the session policy?" });
  await dialog.getByRole("button", { name: "Delete the policy" }).click();
  await page.getByText("No policy is set").waitFor();
});

test("sessions of a member are revoked, and an ID of another kind is refused at its field", async () => {
  const visit = await openConsole(postern, "sessions");
  const { page } = visit;
  visit.expectRefusal(404, /^\/admin\/session-policy$/);
  visit.expectRefusal(400, /^\/admin\/sessions\/revoke$/);
  await page.getByLabel("Member ID").fill(demo.organization_id);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByText(/^Must be a whole ID of the test environment/).waitFor();
  await page.getByLabel("Member ID").fill(demo.member_id);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("status").filter({ hasText: demo.member_id }).waitFor();
  await page.getByLabel("What to revoke").selectOption("All sessions of an organization");
  await page.getByLabel("Organization ID").fill(demo.organization_id);
  await page.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("status").filter({ hasText: demo.organization_id }).waitFor();
});

/** It has every restriction and a long name, so that what does not fit shows. */
const FULL = {
  name: "A key with a long name that somebody gave it in a hurry, and with every restriction",
  scopes: ["organizations:connected_apps", "members:dangerously_get"],
  organization_ids: [demo.organization_id],
  fields: { organization: ["organization_id", "trusted_metadata.plan"], member: [] },
  rate_limit: { limit: 1_000_000, period_seconds: 86_400 },
  allowed_ips: ["2001:db8:1234:5678:9abc:def0:1234:5678", "203.0.113.0/24"],
};

const viewsOf = (keyId: string): readonly (readonly [view: string, heading: string])[] => [
  ["overview", "Overview"],
  ["keys", "Keys"],
  ["keys/new", "New key"],
  [`keys/${keyId}`, FULL.name],
  [`keys/${keyId}?edit=1`, `Edit ${FULL.name}`],
  ["sessions", "Sessions"],
  ["purge", "Purge"],
  ["audit", "Audit"],
];

// The other tests look at light colours on a desktop.
test.each([
  ["a phone in dark colours", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
  ["a desktop in dark colours", { colorScheme: "dark" }],
] as const)("every view fits %s, without serious violations", async (name, options) => {
  const { key_id } = await createRecord(postern, FULL);
  const visit = await openConsole(postern, "overview", options);
  const { page, picture } = visit;
  visit.expectRefusal(404, /^\/admin\/session-policy$/);
  for (const [view, heading] of viewsOf(key_id)) {
    await page.goto(`/console/#${view}`);
    await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
    await vi.waitFor(async () => expect(await page.locator("[aria-busy]").count()).toBe(0), {
      timeout: 10_000,
    });
    const fits = await page.evaluate("document.documentElement.scrollWidth <= innerWidth");
    expect([view, fits, await findViolations(page)]).toEqual([view, true, []]);
    await picture(`${view.replace(key_id, "one")} ${name}`.replace(/\W+/g, "-"));
  }
});
