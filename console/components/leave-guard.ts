/** Asks before somebody leaves what the page cannot show again. */
import { useEffect } from "hono/jsx/dom";

let question: string | null = null;

const onUnload = (event: Event) => event.preventDefault();

function endGuard(): void {
  question = null;
  removeEventListener("beforeunload", onUnload);
}

/**
 * Guards the page while the component is there. Returns what ends that, for whoever is done with it. `text`: the question,
 * which a browser replaces by one of its own when the page is closed or loaded again.
 */
export function useLeaveGuard(text: string): () => void {
  useEffect(() => {
    question = text;
    addEventListener("beforeunload", onUnload);
    return endGuard;
  }, [text]);
  return endGuard;
}

/** True if nothing is lost, or if the user says that it may be. */
export function mayLeave(): boolean {
  if (question !== null && !confirm(question)) return false;
  endGuard();
  return true;
}
