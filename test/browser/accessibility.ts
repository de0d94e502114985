/** What axe-core finds on a page that keeps somebody from using it. */
import axe, { type AxeResults } from "axe-core";
import type { Page } from "playwright-core";

const SERIOUS = ["serious", "critical"];

/**
 * The violations that are serious or critical, each with the elements that have it. The script goes in through the
 * debugger, which the page's Content-Security-Policy does not see.
 */
export async function findViolations(page: Page): Promise<string[]> {
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate<AxeResults>(
    "axe.run(document, { resultTypes: ['violations'] })",
  );
  return violations
    .filter(({ impact }) => SERIOUS.includes(impact ?? ""))
    .map(
      ({ id, help, nodes }) => `${id}: ${help} (${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")})`,
    );
}
