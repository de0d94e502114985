/** Compares the form of stored values of two releases. */

/**
 * What keeps a reader of `before` from reading `after`, each problem with its place; empty if `after` has all that
 * `before` has, of the same types, and perhaps more. Texts with JSON are compared by what they hold.
 */
export function additionProblems(before: unknown, after: unknown, place: string): string[] {
  if (isJson(before) && isJson(after)) return additionProblems(JSON.parse(before), JSON.parse(after), place);
  if (kindOf(before) !== kindOf(after)) return [`${place} was ${kindOf(before)} and is ${kindOf(after)}`];
  if (Array.isArray(before) && Array.isArray(after)) {
    const [first] = after;
    if (first === undefined) return [];
    return before.flatMap((item, index) =>
      additionProblems(item, after[index] ?? first, `${place}[${index}]`),
    );
  }
  if (typeof before !== "object" || before === null) return differentConstant(before, after, place);
  const fields = new Map(Object.entries(after as object));
  return Object.entries(before).flatMap(([name, value]) =>
    fields.has(name)
      ? additionProblems(value, fields.get(name), `${place}.${name}`)
      : [`${place}.${name} is gone`],
  );
}

/** Names of actions and kinds are a part of the format. */
function differentConstant(before: unknown, after: unknown, place: string): string[] {
  return /\.(?:action|kind)$/.test(place) && before !== after ? [`${place} is not ${String(before)}`] : [];
}

const isJson = (value: unknown): value is string => typeof value === "string" && /^[{[]/.test(value);

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
