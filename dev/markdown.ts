/** What is generated into documents. */

/** A table in columns. The first row is its head. */
export function formatTable([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |\n`;
  return [head, widths.map((width) => "-".repeat(width)), ...rows].map(line).join("");
}

/** Replaces what stands between two lines of a page. Throws if it lacks one of them. */
export function replaceBetween(page: string, begin: string, end: string, text: string): string {
  const [before, rest] = page.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined) throw new Error(`The page lacks ${begin.trim()}`);
  return `${before}${begin}\n${text}\n${end}${after}`;
}
