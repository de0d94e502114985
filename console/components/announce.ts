/**
 * Says what has happened, at the lower edge of the page and to users of a screen reader: in the live region
 * `#announcements` of the page.
 */

/** Long enough to be read, and gone before it is about something else. */
const SHOWN_MS = 6_000;

let timer: ReturnType<typeof setTimeout> | undefined;

/** `text` is a sentence, such as "Copied." The same text twice in a row is read twice. */
export function announce(text: string): void {
  const region = document.getElementById("announcements");
  if (region === null) return;
  clearTimeout(timer);
  region.textContent = "";
  // A region whose text is set in the same turn has not changed.
  timer = setTimeout(() => {
    region.textContent = text;
    timer = setTimeout(() => {
      region.textContent = "";
    }, SHOWN_MS);
  }, 50);
}
