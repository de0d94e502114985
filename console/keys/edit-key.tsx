/** The edit of a key, which shows what it changes before it is saved. */
import { useState } from "hono/jsx/dom";
import type { Api } from "../api.ts";
import { ActionButton } from "../components/action-button.tsx";
import { announce } from "../components/announce.ts";
import { PageHead } from "../components/page.tsx";
import { WithData } from "../components/states.tsx";
import { useAction } from "../components/use-action.ts";
import { useData } from "../components/use-data.ts";
import { formatPlural } from "../format.ts";
import { routeHash } from "../routes.ts";
import type { KeyRecord } from "../shapes.ts";
import { editBody, formOf, type KeyForm } from "./form-values.ts";
import { type Change, changesOf } from "./key-changes.ts";
import { KeyFields } from "./key-fields.tsx";

export function EditKey({ api, keyId }: { api: Api; keyId: string }) {
  const loaded = useData(`edit ${keyId}`, async (signal) => await api.key(keyId, signal));
  return (
    <>
      <PageHead
        title={loaded.data === null ? "Edit the key" : `Edit ${loaded.data.name}`}
        lead="Changes are in force everywhere within seconds. The key itself stays the same."
      />
      <WithData loaded={loaded} what="key">
        {(record) => <EditForm api={api} record={record} />}
      </WithData>
    </>
  );
}

function EditForm({ api, record }: { api: Api; record: KeyRecord }) {
  const [before] = useState(() => formOf(record));
  const [form, setForm] = useState<KeyForm>(before);
  const changes = changesOf(before, form);
  const back = routeHash("keys", record.key_id);
  const save = useAction(async () => {
    const own = location.hash;
    await api.editKey(record.key_id, editBody(before, form));
    announce(`Saved ${formatPlural(changes.length, "change")}.`);
    // Whoever has gone on to another view stays there.
    if (location.hash === own) location.hash = back;
  });
  return (
    <form
      onSubmit={(event: Event) => {
        event.preventDefault();
        void save.run();
      }}
    >
      <KeyFields
        isNew={false}
        form={form}
        refusal={save}
        change={(values) => {
          setForm((earlier) => ({ ...earlier, ...values }));
          save.reset();
        }}
      />
      <Changes changes={changes} />
      <div class="actions">
        <ActionButton
          tone="primary"
          isRunning={save.isRunning}
          running="Saving…"
          disabled={changes.length === 0}
        >
          Save
        </ActionButton>
        <a class="button" href={back}>
          Cancel
        </a>
      </div>
    </form>
  );
}

const Changes = ({ changes }: { changes: readonly Change[] }) => (
  <section class="changes" aria-label="What changes" aria-live="polite">
    {changes.length === 0 ? (
      <p class="muted">Nothing is changed yet.</p>
    ) : (
      <dl>
        {changes.map(({ label, from, to }) => (
          <div>
            <dt>{label}</dt>
            <dd>
              <del>{from}</del> <ins>{to}</ins>
            </dd>
          </div>
        ))}
      </dl>
    )}
  </section>
);
