/** Tells users of a screen reader what has happened, in the page's live region (`#announcements` in index.html). */

/** `text` is a sentence, such as "Copied." The same text twice in a row is read twice. */
export function announce(text: string): void {
  const region = document.getElementById("announcements");
  if (region === null) return;
  region.textContent = "";
  // A region whose text is set in the same turn has not changed.
  setTimeout(() => {
    region.textContent = text;
  }, 50);
}
