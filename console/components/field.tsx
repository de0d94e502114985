/** Form fields: each has a label, a hint if needed, and the text of what is wrong with it. */
import { type Child, useId } from "hono/jsx/dom";

interface Common {
  readonly label: string;
  readonly name: string;
  /** What to enter, in a sentence. */
  readonly hint?: string | undefined;
  /** What is wrong, in words; null if nothing is. */
  readonly problem?: string | null | undefined;
}

interface FrameProps extends Common {
  readonly id: string;
  readonly children: Child;
}

/** The IDs of a field's hint and problem, for `aria-describedby`. */
const descriptionOf = (id: string, { hint, problem }: Partial<Common>) =>
  [hint ? `${id}-hint` : "", problem ? `${id}-problem` : ""].filter(Boolean).join(" ") || undefined;

const Hint = ({ id, hint }: { id: string; hint: string | undefined }) =>
  hint ? (
    <p class="hint" id={`${id}-hint`}>
      {hint}
    </p>
  ) : null;

const FieldProblem = ({ id, problem }: { id: string; problem: string | null | undefined }) =>
  problem ? (
    <p class="field-problem" id={`${id}-problem`} role="alert">
      {problem}
    </p>
  ) : null;

const Frame = ({ id, label, hint, problem, children }: FrameProps) => (
  <div class="field">
    <label for={id}>{label}</label>
    <Hint id={id} hint={hint} />
    {children}
    <FieldProblem id={id} problem={problem} />
  </div>
);

const inputValue = (event: Event) =>
  (event.target as HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement).value;

/** The attributes of every control in a frame. */
const controlOf = (id: string, props: Common & Pick<TextProps, "onValue">) => ({
  id,
  name: props.name,
  "aria-invalid": props.problem ? ("true" as const) : undefined,
  "aria-describedby": descriptionOf(id, props),
  onInput: (event: Event) => props.onValue(inputValue(event)),
});

interface TextProps extends Common {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type?: "text" | "password" | "search" | "number" | "datetime-local";
  readonly autocomplete?: string;
  readonly isRequired?: boolean;
  readonly min?: number;
  readonly max?: number;
  readonly placeholder?: string;
}

export function TextField(props: TextProps) {
  const id = useId();
  const { value, type = "text", autocomplete = "off", isRequired = false } = props;
  const { min, max, placeholder } = props;
  return (
    <Frame {...props} id={id}>
      <input
        {...controlOf(id, props)}
        type={type}
        value={value}
        autocomplete={autocomplete}
        spellcheck={false}
        required={isRequired}
        min={min}
        max={max}
        placeholder={placeholder}
      />
    </Frame>
  );
}

/** Several lines, one item a line for example. */
export function TextArea(
  props: Common & Pick<TextProps, "value" | "onValue" | "placeholder"> & { rows?: number },
) {
  const id = useId();
  const { value, rows = 3, placeholder } = props;
  return (
    <Frame {...props} id={id}>
      <textarea
        {...controlOf(id, props)}
        rows={rows}
        spellcheck={false}
        placeholder={placeholder}
        value={value}
      />
    </Frame>
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function Select(
  props: Common & Pick<TextProps, "value" | "onValue"> & { choices: readonly Choice[] },
) {
  const id = useId();
  const { value, choices } = props;
  return (
    <Frame {...props} id={id}>
      <select {...controlOf(id, props)}>
        {choices.map((choice) => (
          <option value={choice.value} selected={choice.value === value}>
            {choice.label}
          </option>
        ))}
      </select>
    </Frame>
  );
}

/** One box with its label behind it. */
export function Checkbox({
  label,
  name,
  hint,
  isChecked,
  onChecked,
}: Common & { isChecked: boolean; onChecked: (isChecked: boolean) => void }) {
  const id = useId();
  return (
    <div class="checkbox">
      <input
        id={id}
        name={name}
        type="checkbox"
        checked={isChecked}
        aria-describedby={descriptionOf(id, { hint })}
        onChange={(event: Event) => onChecked((event.target as HTMLInputElement).checked)}
      />
      <label for={id}>{label}</label>
      <Hint id={id} hint={hint} />
    </div>
  );
}

/** Fields that belong together, such as the boxes of a list. */
export function FieldGroup({
  legend,
  hint,
  problem,
  children,
}: Pick<Common, "hint" | "problem"> & { legend: string; children: Child }) {
  const id = useId();
  return (
    <fieldset aria-describedby={descriptionOf(id, { hint, problem })}>
      <legend>{legend}</legend>
      <Hint id={id} hint={hint} />
      {children}
      <FieldProblem id={id} problem={problem} />
    </fieldset>
  );
}
