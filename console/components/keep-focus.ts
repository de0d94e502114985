/**
 * Gives the focus to the heading of the view if what had it is taken out of the page, such as the buttons of a key that
 * was revoked. Otherwise a keyboard and a screen reader would begin again at the top of the page.
 */
export function keepFocus(): void {
  let focused: Element | null = null;
  document.addEventListener("focusin", ({ target }) => {
    focused = target instanceof Element ? target : null;
  });
  new MutationObserver(() => {
    if (focused === null || focused.isConnected) return;
    focused = null;
    if (document.activeElement !== document.body) return;
    document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
  }).observe(document.body, { childList: true, subtree: true });
}
