/** Asks before somebody leaves what the page cannot show again. */
import { useEffect } from "hono/jsx/dom";

/** Each guard has one. */
const questions = new Set<string>();

const onUnload = (event: Event) => event.preventDefault();

function addQuestion(text: string): void {
  questions.add(text);
  addEventListener("beforeunload", onUnload);
}

function removeQuestion(text: string | null): void {
  if (text !== null) questions.delete(text);
  if (questions.size === 0) removeEventListener("beforeunload", onUnload);
}

/**
 * Guards the page while the component is there. Returns what ends that, for whoever is done with it. `text`: the question,
 * which a browser replaces by one of its own when the page is closed or loaded again; null if there is nothing to lose.
 */
export function useLeaveGuard(text: string | null): () => void {
  useEffect(() => {
    if (text !== null) addQuestion(text);
    return () => removeQuestion(text);
  }, [text]);
  return () => removeQuestion(text);
}

/** True if nothing is lost, or if the user says that it may be. */
export function mayLeave(): boolean {
  const [question] = questions;
  return question === undefined || confirm(question);
}
