/** The alerting rules; prometheus-names.test.ts checks what they ask for. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { FAMILIES } from "../../src/metrics/families.ts";
import { runPromtool } from "../e2e/promtool.ts";

const read = (path: string) => readFileSync(path, "utf8");

const CASES = "test/docs/alerts.promtool.yml";
const [, ...alerts] = read("docs/alerts.rules.yml").split(/^ +- alert: /m);
const monitoring = read("docs/monitoring.md");
const incidents = read("docs/incidents.md");

test("every alert says what happens, what it means and what to do, and has cases and a line in the docs", () => {
  expect(alerts.length).toBeGreaterThan(0);
  for (const alert of alerts) {
    const [name = ""] = alert.split("\n");
    expect(alert).toMatch(/^ +severity: (?:page|ticket)$/m);
    for (const key of ["expr", "for", "summary", "description", "action"])
      expect(alert).toMatch(new RegExp(`^ +${key}: \\S`, "m"));
    expect(monitoring).toContain(`| \`${name}\``);
    expect(read(CASES)).toContain(`alertname="${name}"`);
  }
});

test("the docs name no alert that does not exist", () => {
  const names = alerts.map((alert) => alert.split("\n")[0]);
  for (const [, name] of monitoring.matchAll(/`(Postern[A-Z]\w+)`/g)) expect(names).toContain(name);
});

test("the docs say of every degraded part what it means and what to do", () => {
  for (const [part] of FAMILIES.degraded.initial)
    expect(incidents).toMatch(new RegExp(`^\\| \`${part}\``, "m"));
});

test("promtool accepts the alerting rules, and they fire when they have to and only then", () => {
  for (const args of [
    ["check", "rules", "docs/alerts.rules.yml"],
    ["test", "rules", CASES],
  ])
    expect(runPromtool(args)).toMatchObject({ ok: true });
});
