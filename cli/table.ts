/** Text in columns: tables, cards, and the width of text in a terminal. */
import { printable } from "./errors.ts";

/** A header and one line per row; each column is as wide as its widest cell, with two spaces between columns. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, ...rows].map((row) => row.map(printable));
  const widths = header.map((_, column) => Math.max(...lines.map((row) => displayWidth(row[column] ?? ""))));
  return lines
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** One line per name and value; a name whose value is undefined is left out. */
export function card(rows: readonly (readonly [string, string | undefined])[]): string {
  const shown = rows.filter((row): row is [string, string] => row[1] !== undefined);
  const widest = Math.max(...shown.map(([name]) => displayWidth(name)));
  return shown.map(([name, value]) => `${pad(name, widest)}  ${printable(value)}`.trimEnd()).join("\n");
}

/** Characters that fill two columns of a terminal (Unicode TR11, approximately); halfwidth forms are excepted. */
const DOUBLE_WIDTH =
  /^(?![\u{ff61}-\u{ffdc}])[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}\u{3000}-\u{30ff}\u{ff01}-\u{ff60}\u{ffe0}-\u{ffe6}]$/u;
const COMBINING = /^\p{M}$/u;

/** Columns that one character fills in a terminal. */
function columnsOf(character: string): number {
  if (DOUBLE_WIDTH.test(character)) return 2;
  return COMBINING.test(character) ? 0 : 1;
}

const displayWidth = (text: string) => [...text].reduce((sum, character) => sum + columnsOf(character), 0);

const pad = (text: string, width: number) => text + " ".repeat(Math.max(0, width - displayWidth(text)));

/** The text cut to at most `maxWidth` columns, with "…" at the end if anything was cut off. */
export function truncate(text: string, maxWidth: number): string {
  if (displayWidth(text) <= maxWidth) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += columnsOf(character);
    if (width > maxWidth - 1) break;
    kept += character;
  }
  return `${kept}…`;
}
