/** The button of an action, which says while it runs. */
import type { Child } from "hono/jsx/dom";

interface Props {
  readonly isRunning: boolean;
  /** The label while it runs, such as "Saving…". */
  readonly running: string;
  readonly tone?: "primary" | "danger";
  /** If there is nothing to do. */
  readonly disabled?: boolean;
  /** Without it, the button submits its form. */
  readonly onClick?: () => void;
  readonly children: Child;
}

/**
 * While the action runs, the button is only called disabled, since a browser takes the focus from one that is.
 * `useAction` ignores a second click.
 */
export const ActionButton = ({ isRunning, running, tone, disabled = false, onClick, children }: Props) => (
  <button
    type={onClick === undefined ? "submit" : "button"}
    class={`button ${tone === undefined ? "" : `button-${tone}`}`}
    disabled={disabled && !isRunning}
    aria-disabled={isRunning ? "true" : undefined}
    {...(onClick === undefined ? {} : { onClick })}
  >
    {isRunning ? running : children}
  </button>
);
