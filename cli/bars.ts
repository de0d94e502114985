/** Small bars of block characters, which any terminal font has. */

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"] as const;
const HEIGHTS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"] as const;

/** A bar of at most `width` columns. Something that is not zero is never shown as nothing. */
export function bar(value: number, max: number, width: number): string {
  if (value <= 0 || max <= 0) return "";
  const eighths = Math.max(1, Math.round((Math.min(value, max) / max) * width * 8));
  return "█".repeat(Math.floor(eighths / 8)) + EIGHTHS[eighths % 8];
}

/** A bar of one column, by its height; a space for zero. */
export function column(value: number, max: number): string {
  if (value <= 0 || max <= 0) return " ";
  return HEIGHTS[Math.ceil((Math.min(value, max) / max) * HEIGHTS.length) - 1] ?? "█";
}

/** A count in at most five characters, up to a million millions: `9999`, `12.3k`, `4.6M`. */
export function shortCount(count: number): string {
  if (count < 10_000) return String(count);
  const units = ["k", "M", "G"];
  let scaled = count;
  let unit = "";
  while (scaled >= 999.5 && units.length > 0) {
    scaled /= 1_000;
    unit = units.shift() ?? "";
  }
  return `${scaled < 99.95 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}
