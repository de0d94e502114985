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

const Frame = ({ id, label, hint, problem, children }: FrameProps) => (
  <div class="field">
    <label for={id}>{label}</label>
    {hint ? (
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    ) : null}
    {children}
    {problem ? (
      <p class="field-problem" id={`${id}-problem`} role="alert">
        {problem}
      </p>
    ) : null}
  </div>
);

const inputValue = (event: Event) =>
  (event.target as HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement).value;

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
  const { name, value, onValue, type = "text", autocomplete = "off", isRequired = false } = props;
  const { min, max, placeholder } = props;
  return (
    <Frame {...props} id={id}>
      <input
        id={id}
        name={name}
        type={type}
        value={value}
        autocomplete={autocomplete}
        spellcheck={false}
        required={isRequired}
        min={min}
        max={max}
        placeholder={placeholder}
        aria-invalid={props.problem ? "true" : undefined}
        aria-describedby={descriptionOf(id, props)}
        onInput={(event: Event) => onValue(inputValue(event))}
      />
    </Frame>
  );
}

/** Several lines, one item a line for example. */
export function TextArea(
  props: Common & Pick<TextProps, "value" | "onValue" | "placeholder"> & { rows?: number },
) {
  const id = useId();
  const { name, value, onValue, rows = 3, placeholder } = props;
  return (
    <Frame {...props} id={id}>
      <textarea
        id={id}
        name={name}
        rows={rows}
        spellcheck={false}
        placeholder={placeholder}
        aria-invalid={props.problem ? "true" : undefined}
        aria-describedby={descriptionOf(id, props)}
        onInput={(event: Event) => onValue(inputValue(event))}
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
  const { name, value, onValue, choices } = props;
  return (
    <Frame {...props} id={id}>
      <select
        id={id}
        name={name}
        aria-invalid={props.problem ? "true" : undefined}
        aria-describedby={descriptionOf(id, props)}
        onChange={(event: Event) => onValue(inputValue(event))}
      >
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
      {hint ? (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  );
}

/** Fields that belong together, such as the boxes of a list. */
export const FieldGroup = ({
  legend,
  hint,
  problem,
  children,
}: {
  legend: string;
  hint?: string | undefined;
  problem?: string | null | undefined;
  children: Child;
}) => (
  <fieldset>
    <legend>{legend}</legend>
    {hint ? <p class="hint">{hint}</p> : null}
    {children}
    {problem ? (
      <p class="field-problem" role="alert">
        {problem}
      </p>
    ) : null}
  </fieldset>
);
