/** Ends sessions: one, all of a member, or all of an organization. */
import { useState } from "hono/jsx/dom";
import type { Api } from "../api.ts";
import { ActionButton } from "../components/action-button.tsx";
import { Select, TextField } from "../components/field.tsx";
import { fieldProblem } from "../components/field-problem.ts";
import { OtherProblem } from "../components/other-problem.tsx";
import { Section } from "../components/page.tsx";
import { Done } from "../components/states.tsx";
import { useAction } from "../components/use-action.ts";

const KINDS = {
  member_id: { label: "All sessions of a member", field: "Member ID", placeholder: "member-…" },
  organization_id: {
    label: "All sessions of an organization",
    field: "Organization ID",
    placeholder: "organization-…",
  },
  member_session_id: { label: "One session", field: "Session ID", placeholder: "member-session-…" },
} as const;

type Kind = keyof typeof KINDS;

const KIND_NAMES = Object.keys(KINDS) as Kind[];
const isKind = (text: string): text is Kind => text in KINDS;

function bodyOf(kind: Kind, id: string) {
  switch (kind) {
    case "member_id":
      return { member_id: id };
    case "organization_id":
      return { organization_id: id };
    case "member_session_id":
      return { member_session_id: id };
  }
}

export function RevokeSection({ api }: { api: Api }) {
  const [kind, setKind] = useState<Kind>("member_id");
  const [id, setId] = useState("");
  const [done, setDone] = useState<string | null>(null);
  const revoke = useAction(async () => {
    setDone(null);
    const { revoked } = await api.revokeSessions(bodyOf(kind, id.trim()));
    setId("");
    setDone(`Tokens issued until now for ${revoked} are refused everywhere within seconds.`);
  });
  return (
    <Section title="Revoke sessions">
      <form
        onSubmit={(event: Event) => {
          event.preventDefault();
          void revoke.run();
        }}
      >
        <p class="hint">
          For a sign-out or a lost device that Stytch has not told Postern of. Who signs in again reads again.
        </p>
        <OtherProblem refusal={revoke} names={KIND_NAMES} />
        <Select
          label="What to revoke"
          name="kind"
          value={kind}
          choices={KIND_NAMES.map((name) => ({ value: name, label: KINDS[name].label }))}
          onValue={(value) => {
            if (isKind(value)) setKind(value);
            setDone(null);
            revoke.reset();
          }}
        />
        <TextField
          label={KINDS[kind].field}
          name="id"
          isRequired
          placeholder={KINDS[kind].placeholder}
          value={id}
          problem={fieldProblem(revoke, kind)}
          onValue={(value) => {
            setId(value);
            setDone(null);
            revoke.reset();
          }}
        />
        <ActionButton tone="danger" isRunning={revoke.isRunning} running="Revoking…">
          Revoke
        </ActionButton>
        {done === null ? null : <Done>{done}</Done>}
      </form>
    </Section>
  );
}
