/** Ends what is cached of an organization, or the RBAC policy of the project. */
import { useState } from "hono/jsx/dom";
import { ActionButton } from "./components/action-button.tsx";
import { TextField } from "./components/field.tsx";
import { fieldProblem } from "./components/field-problem.ts";
import { OtherProblem } from "./components/other-problem.tsx";
import { PageHead, Section } from "./components/page.tsx";
import { Caution, Done, Problem } from "./components/states.tsx";
import { useAction } from "./components/use-action.ts";
import { purgeCaution, purgedText } from "./purge-text.ts";
import type { ViewProps } from "./view.ts";

export const PurgeView = ({ api }: ViewProps) => (
  <>
    <PageHead
      title="Purge"
      lead="A purge ends cached answers, so that the next call asks Stytch. Stytch's webhooks do this by themselves; purge by hand if there is no webhook, or to be sure."
    />
    <div class="columns">
      <PurgeOrganization api={api} />
      <PurgePolicy api={api} />
    </div>
  </>
);

function PurgeOrganization({ api }: Pick<ViewProps, "api">) {
  const [name, setName] = useState("");
  const [done, setDone] = useState<string | null>(null);
  const purge = useAction(async () => {
    setDone(null);
    const { purged } = await api.purge({ organization_id: name.trim() });
    setDone(purgedText(purged));
  });
  const caution = purgeCaution(name.trim());
  return (
    <Section title="An organization">
      <form
        onSubmit={(event: Event) => {
          event.preventDefault();
          void purge.run();
        }}
      >
        <TextField
          label="ID, slug or external ID"
          name="organization_id"
          hint="What belongs to the organization ends, too: its number of members, connected apps and RBAC policy."
          isRequired
          value={name}
          onValue={(value) => {
            setName(value);
            setDone(null);
            purge.reset();
          }}
          problem={fieldProblem(purge, "organization_id")}
        />
        {caution === null ? null : <Caution>{caution}</Caution>}
        <OtherProblem refusal={purge} names={["organization_id"]} />
        <ActionButton tone="primary" isRunning={purge.isRunning} running="Purging…">
          Purge the organization
        </ActionButton>
        {done === null ? null : <Done>{done}</Done>}
      </form>
    </Section>
  );
}

function PurgePolicy({ api }: Pick<ViewProps, "api">) {
  const [done, setDone] = useState<string | null>(null);
  const { run, isRunning, problem } = useAction(async () => {
    setDone(null);
    await api.purge({ rbac_policy: true });
    setDone(purgedText("the RBAC policy"));
  });
  return (
    <Section title="The RBAC policy">
      <div class="stack">
        <p class="hint">
          The roles, resources and scopes of the project. Stytch sends no webhook when they change, so purge
          them after an edit in the dashboard, or wait until the cached copy ends by itself.
        </p>
        {problem === null ? null : <Problem text={problem} />}
        <ActionButton isRunning={isRunning} running="Purging…" onClick={() => void run()}>
          Purge the RBAC policy
        </ActionButton>
        {done === null ? null : <Done>{done}</Done>}
      </div>
    </Section>
  );
}
