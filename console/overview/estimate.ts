/** What the estimated cost is made of. Pure. */

const HOUR_MS = 3_600_000;

/** An estimate of some minutes may be another one after the next few. `hours`: those with traffic. `now`: ms since the epoch. */
export const estimateText = (hours: readonly { readonly hour: string }[], now: number) =>
  hours.every(({ hour }) => now - Date.parse(hour) < HOUR_MS) ? "from this hour alone" : "estimated";
