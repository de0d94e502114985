/** What of a refusal no field of the form shows. */
import { useEffect } from "hono/jsx/dom";
import { otherProblem, type Refusal } from "./field-problem.ts";
import { Problem } from "./states.tsx";

/**
 * `names`: of the fields that show what is wrong with them. After a refusal the one that it names has the focus, so that
 * nobody has to look for it.
 */
export function OtherProblem({ refusal, names }: { refusal: Refusal; names: readonly string[] }) {
  const { problem } = refusal;
  useEffect(() => {
    if (problem === null) return;
    // The form that was sent has the focus: there may be others in the view.
    const form = document.activeElement?.closest("form") ?? document;
    form.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [problem]);
  const text = otherProblem(refusal, names);
  return text === null ? null : <Problem text={text} />;
}
