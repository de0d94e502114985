/**
 * A browser may keep a page that is left, to show it again when the reader goes back. A page that has shown a key must not
 * come back with it: it is emptied when it is left, and loaded anew when it returns
 * (https://html.spec.whatwg.org/multipage/document-lifecycle.html#dom-pagetransitionevent-persisted).
 */
export function forgetWhenLeft(): void {
  addEventListener("pagehide", ({ persisted }) => {
    if (persisted) document.body.replaceChildren();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload();
  });
}
