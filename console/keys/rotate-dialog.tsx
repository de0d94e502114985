/** The rotation of a key: a new one in its place, and for how long the old one works beside it. */
import { useState } from "hono/jsx/dom";
import type { Api } from "../api.ts";
import { ActionButton } from "../components/action-button.tsx";
import { Dialog, DialogActions } from "../components/dialog.tsx";
import { Select } from "../components/field.tsx";
import { fieldProblem } from "../components/field-problem.ts";
import { useLeaveGuard } from "../components/leave-guard.ts";
import { OtherProblem } from "../components/other-problem.tsx";
import { useAction } from "../components/use-action.ts";
import type { IssuedKey, KeyRecord } from "../shapes.ts";
import { DeliveryField, handoverSecondsOf, leaveQuestion } from "./delivery.tsx";

const OVERLAPS = [
  { value: "0", label: "Ends at once" },
  { value: "3600", label: "Works for another hour" },
  { value: "86400", label: "Works for another day" },
  { value: "604800", label: "Works for another 7 days" },
  { value: "2592000", label: "Works for another 30 days" },
];
const DEFAULT_OVERLAP = "86400";

interface Props {
  readonly api: Api;
  readonly record: KeyRecord;
  readonly onClose: () => void;
  readonly onRotated: (issued: IssuedKey) => void;
}

export function RotateDialog({ api, record, onClose, onRotated }: Props) {
  const [overlap, setOverlap] = useState(DEFAULT_OVERLAP);
  const [delivery, setDelivery] = useState("");
  const rotate = useAction(async () => {
    const handover = handoverSecondsOf(delivery);
    const body = {
      overlap_seconds: Number(overlap),
      ...(handover === null ? {} : { handover_seconds: handover }),
    };
    onRotated(await api.rotateKey(record.key_id, body));
  });
  useLeaveGuard(rotate.isRunning ? leaveQuestion("the new key") : null);
  return (
    <Dialog title={`Rotate ${record.name}`} isRunning={rotate.isRunning} onClose={onClose}>
      <form
        onSubmit={(event: Event) => {
          event.preventDefault();
          void rotate.run();
        }}
      >
        <OtherProblem refusal={rotate} names={["overlap_seconds", "handover_seconds"]} />
        <p>Its caller gets a new key with the same restrictions.</p>
        <Select
          label="The old key"
          name="overlap"
          choices={OVERLAPS}
          value={overlap}
          problem={fieldProblem(rotate, "overlap_seconds")}
          onValue={setOverlap}
        />
        <DeliveryField
          value={delivery}
          problem={fieldProblem(rotate, "handover_seconds")}
          onValue={setDelivery}
        />
        <DialogActions isRunning={rotate.isRunning} onClose={onClose}>
          <ActionButton tone="primary" isRunning={rotate.isRunning} running="Rotating…">
            Rotate the key
          </ActionButton>
        </DialogActions>
      </form>
    </Dialog>
  );
}
