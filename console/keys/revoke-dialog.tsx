/** The confirmation of a revocation, which is final. */
import type { Api } from "../api.ts";
import { ActionButton } from "../components/action-button.tsx";
import { Dialog, DialogActions } from "../components/dialog.tsx";
import { Problem } from "../components/states.tsx";
import { useAction } from "../components/use-action.ts";
import type { KeyRecord } from "../shapes.ts";

interface Props {
  readonly api: Api;
  readonly record: KeyRecord;
  readonly onClose: () => void;
  readonly onRevoked: () => void;
}

export function RevokeDialog({ api, record, onClose, onRevoked }: Props) {
  const revoke = useAction(async () => {
    await api.revokeKey(record.key_id);
    onRevoked();
  });
  return (
    <Dialog title={`Revoke ${record.name}?`} isRunning={revoke.isRunning} onClose={onClose}>
      <div class="stack">
        {revoke.problem === null ? null : <Problem text={revoke.problem} />}
        <p>
          Calls with <b>{record.name}</b> (<code>{record.key_id}</code>) are refused everywhere within
          seconds. This cannot be undone: its caller then needs another key.
        </p>
        <DialogActions isRunning={revoke.isRunning} onClose={onClose}>
          <ActionButton
            tone="danger"
            isRunning={revoke.isRunning}
            running="Revoking…"
            onClick={() => void revoke.run()}
          >
            {`Revoke ${record.name}`}
          </ActionButton>
        </DialogActions>
      </div>
    </Dialog>
  );
}
