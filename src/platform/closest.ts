/** Finds what a misspelt word was meant to be. Pure. */

/** More changes than these are another word. */
const MAX_EDITS = 3;

/** Returns the candidate that the fewest edits make of `text`; null if none is close. */
export function closestTo(text: string, candidates: readonly string[]): string | null {
  const ranked = candidates
    .filter((candidate) => Math.abs(candidate.length - text.length) <= MAX_EDITS)
    .map((candidate) => ({ candidate, edits: countEdits(text, candidate) }))
    .filter(({ candidate, edits }) => edits <= MAX_EDITS && edits * 3 <= candidate.length)
    .sort((a, b) => a.edits - b.edits);
  return ranked[0]?.candidate ?? null;
}

/** The Levenshtein distance: characters inserted, deleted or replaced. */
function countEdits(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (previous[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous.at(-1) ?? 0;
}
