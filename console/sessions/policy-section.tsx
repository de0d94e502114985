/** The session policy: its form, and its end. */
import { useState } from "hono/jsx/dom";
import type { Api } from "../api.ts";
import { ActionButton } from "../components/action-button.tsx";
import { announce } from "../components/announce.ts";
import { Dialog, DialogActions } from "../components/dialog.tsx";
import { Checkbox, TextField } from "../components/field.tsx";
import { fieldProblem } from "../components/field-problem.ts";
import { OtherProblem } from "../components/other-problem.tsx";
import { Section } from "../components/page.tsx";
import { Problem } from "../components/states.tsx";
import { useAction } from "../components/use-action.ts";
import {
  KeptFields,
  LIMITS_NAMES,
  type PartProps,
  RateLimitFields,
  ScopeFields,
} from "../keys/limits-fields.tsx";
import type { SessionPolicy } from "../shapes.ts";
import { type PolicyForm, policyBody, policyFormOf, SESSION_SCOPES } from "./policy-form.ts";

/** The fields that show what is wrong with them. */
const NAMES = [...LIMITS_NAMES, "max_age_seconds"];

interface Props {
  readonly api: Api;
  /** Null if none is set. */
  readonly policy: SessionPolicy | null;
  readonly onChanged: () => void;
}

export function PolicySection({ api, policy, onChanged }: Props) {
  const [before] = useState(() => policyFormOf(policy));
  const [form, setForm] = useState<PolicyForm>(before);
  const [isEnding, setEnding] = useState(false);
  const save = useAction(async () => {
    await api.setSessionPolicy(policyBody(form));
    announce("The policy is saved, and in force everywhere within seconds.");
    onChanged();
  });
  const change = (values: Partial<PolicyForm>) => {
    setForm((earlier) => ({ ...earlier, ...values }));
    save.reset();
  };
  const isChanged = policy === null || JSON.stringify(form) !== JSON.stringify(before);
  return (
    <Section title="Policy">
      <form
        onSubmit={(event: Event) => {
          event.preventDefault();
          void save.run();
        }}
      >
        <PolicyFields form={form} refusal={save} change={change} />
        <div class="actions">
          <ActionButton tone="primary" isRunning={save.isRunning} running="Saving…" disabled={!isChanged}>
            {policy === null ? "Set the policy" : "Save the policy"}
          </ActionButton>
          {policy === null ? null : (
            <button type="button" class="button button-danger" onClick={() => setEnding(true)}>
              Delete the policy
            </button>
          )}
        </div>
      </form>
      {isEnding ? <EndDialog api={api} onClose={() => setEnding(false)} onEnded={onChanged} /> : null}
    </Section>
  );
}

function PolicyFields({ form, refusal, change }: PartProps<PolicyForm>) {
  return (
    <>
      <OtherProblem refusal={refusal} names={NAMES} />
      <ScopeFields
        choices={SESSION_SCOPES}
        chosen={form.scopes}
        problem={fieldProblem(refusal, "scopes")}
        onChosen={(scopes) => change({ scopes })}
      />
      <RateLimitFields
        form={form}
        refusal={refusal}
        change={change}
        hint="For each member, counted in each isolate: not exact. Empty: no limit."
      />
      <KeptFields form={form} refusal={refusal} change={change} />
      <TextField
        label="Age of a token, in seconds"
        name="max_age_seconds"
        hint="An older token is refused, 60 to 3,600. Stytch's tokens end after 300."
        value={form.maxAgeSeconds}
        problem={fieldProblem(refusal, "max_age_seconds")}
        onValue={(maxAgeSeconds) => change({ maxAgeSeconds })}
      />
      <Checkbox
        label="Allow impersonation"
        name="allow_impersonation"
        hint="Sessions in which somebody of your team acts as the member."
        isChecked={form.allowsImpersonation}
        onChecked={(allowsImpersonation) => change({ allowsImpersonation })}
      />
    </>
  );
}

function EndDialog({ api, onClose, onEnded }: { api: Api; onClose: () => void; onEnded: () => void }) {
  const end = useAction(async () => {
    await api.deleteSessionPolicy();
    announce("The policy is deleted.");
    onClose();
    onEnded();
  });
  return (
    <Dialog title="Delete the session policy?" isRunning={end.isRunning} onClose={onClose}>
      <div class="stack">
        {end.problem === null ? null : <Problem text={end.problem} />}
        <p>All sessions of members are refused everywhere within seconds. Keys are not affected.</p>
        <DialogActions isRunning={end.isRunning} onClose={onClose}>
          <ActionButton
            tone="danger"
            isRunning={end.isRunning}
            running="Deleting…"
            onClick={() => void end.run()}
          >
            Delete the policy
          </ActionButton>
        </DialogActions>
      </div>
    </Dialog>
  );
}
