/** Plain text in columns. */
import { printable } from "./errors.ts";

/** A header, and a line for each row; columns are as wide as their widest cell, two spaces apart. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...lines.map((row) => width(row[column] ?? ""))));
  return lines
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** A line for each name and value; those without a value are left out. */
export function card(rows: readonly (readonly [string, string | undefined])[]): string {
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const widest = Math.max(...shown.map(([name]) => width(name)));
  return shown.map(([name, value]) => `${pad(name, widest)}  ${printable(value)}`.trimEnd()).join("\n");
}

/** Characters, not UTF-16 units. */
const width = (text: string) => [...text].length;

const pad = (text: string, to: number) => text + " ".repeat(Math.max(0, to - width(text)));

/** UTC, to the second. */
export function iso(text: string): string {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? text : new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
