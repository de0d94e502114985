/** Where in a form the admin API's refusal belongs, and what it says there. Pure. */

export interface Refusal {
  /** Null if there is none. */
  readonly problem: string | null;
  /** The field that the problem names, such as `organization_ids.1`. */
  readonly field: string | null;
}

/**
 * The problem of a field of the form, or of an item of its list, as a sentence; null if the refusal is about another.
 * `name`: such as `organization_ids` or `rate_limit.limit`.
 */
export function fieldProblem({ problem, field }: Refusal, name: string): string | null {
  if (problem === null || field === null) return null;
  if (field !== name && !field.startsWith(`${name}.`)) return null;
  const text = problem.slice(field.length + 2);
  const index = /^\d+$/.exec(field.slice(name.length + 1))?.[0];
  return asSentence(index === undefined ? text : `item ${Number(index) + 1} ${text}`);
}

/** The problem if none of the form's fields shows it. */
export function otherProblem(refusal: Refusal, names: readonly string[]): string | null {
  return names.some((name) => fieldProblem(refusal, name) !== null) ? null : refusal.problem;
}

function asSentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.?!]$/.test(capital) ? capital : `${capital}.`;
}
