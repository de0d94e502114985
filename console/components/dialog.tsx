/** A modal dialog: the browser traps the focus, closes it by Escape, and gives the focus back. */
import { type Child, useEffect, useId, useRef } from "hono/jsx/dom";

interface Props {
  /** While what it asked about is being done, the dialog stays, since it alone tells what came of it. */
  readonly isRunning: boolean;
  /** The user leaves: by Escape, the button in the corner, or Cancel. The caller then stops rendering the dialog. */
  readonly onClose: () => void;
  readonly children: Child;
}

/** Open as long as it is rendered. */
export function Dialog({ title, isRunning, onClose, children }: Props & { readonly title: string }) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog === null) return;
    const opener = document.activeElement;
    if (!dialog.open) dialog.showModal();
    return () => {
      dialog.close();
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  return (
    <dialog
      ref={ref}
      aria-labelledby={titleId}
      // Otherwise the second Escape closes it, whatever becomes of its event.
      closedby={isRunning ? "none" : "closerequest"}
      onCancel={(event: Event) => {
        event.preventDefault();
        if (!isRunning) onClose();
      }}
    >
      <div class="dialog-head">
        <h2 id={titleId}>{title}</h2>
        {isRunning ? null : (
          <button type="button" class="button button-quiet" aria-label="Close" onClick={onClose}>
            ×
          </button>
        )}
      </div>
      {children}
    </dialog>
  );
}

/** The button that does what the dialog asks about, and beside it Cancel. */
export const DialogActions = ({ isRunning, onClose, children }: Props) => (
  <div class="actions">
    {children}
    <button type="button" class="button" disabled={isRunning} onClick={onClose}>
      Cancel
    </button>
  </div>
);
