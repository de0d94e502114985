/** A new key, with every restriction that it can have. */
import { useState } from "hono/jsx/dom";
import type { Api } from "../api.ts";
import { ActionButton } from "../components/action-button.tsx";
import { fieldProblem } from "../components/field-problem.ts";
import { useLeaveGuard } from "../components/leave-guard.ts";
import { PageHead } from "../components/page.tsx";
import { useAction } from "../components/use-action.ts";
import { routeHash } from "../routes.ts";
import type { IssuedKey } from "../shapes.ts";
import { DeliveryField, handoverSecondsOf, Issued, leaveQuestion } from "./delivery.tsx";
import { creationBody, EMPTY_FORM, type KeyForm } from "./form-values.ts";
import { KeyFields } from "./key-fields.tsx";

export function NewKey({ api }: { api: Api }) {
  const [form, setForm] = useState<KeyForm>(EMPTY_FORM);
  const [delivery, setDelivery] = useState("");
  const [issued, setIssued] = useState<IssuedKey | null>(null);
  const create = useAction(async () => {
    setIssued(await api.createKey(creationBody(form, handoverSecondsOf(delivery))));
  });
  useLeaveGuard(create.isRunning ? leaveQuestion("the new key") : null);
  if (issued !== null) {
    const leave = () => {
      setIssued(null);
      location.hash = routeHash("keys", issued.key_id);
    };
    return (
      <>
        <PageHead title="Key created" />
        <Issued issued={issued} onDone={leave} />
      </>
    );
  }
  return (
    <>
      <PageHead
        title="New key"
        lead="Give it no more than its caller needs. All but the region can be changed later."
      />
      <form
        onSubmit={(event: Event) => {
          event.preventDefault();
          void create.run();
        }}
      >
        <KeyFields
          isNew
          form={form}
          refusal={create}
          change={(values) => {
            setForm((before) => ({ ...before, ...values }));
            create.reset();
          }}
        >
          <DeliveryField
            value={delivery}
            problem={fieldProblem(create, "handover_seconds")}
            onValue={setDelivery}
          />
        </KeyFields>
        <div class="actions">
          <ActionButton tone="primary" isRunning={create.isRunning} running="Creating…">
            Create the key
          </ActionButton>
          <a class="button" href={routeHash("keys")}>
            Cancel
          </a>
        </div>
      </form>
    </>
  );
}
