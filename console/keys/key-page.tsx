/** One key: what it may do, what came of its calls, and what can be done to it. */
import { useState } from "hono/jsx/dom";
import type { Api } from "../api.ts";
import { announce } from "../components/announce.ts";
import { CopyButton } from "../components/copy-button.tsx";
import { PageHead, Section } from "../components/page.tsx";
import { WithData } from "../components/states.tsx";
import { useData } from "../components/use-data.ts";
import { type Route, routeHash } from "../routes.ts";
import type { IssuedKey, KeyRecord } from "../shapes.ts";
import { Issued } from "./delivery.tsx";
import { KeyFacts } from "./key-facts.tsx";
import { KeyStatus } from "./key-list.tsx";
import { KeyUsageSection } from "./key-usage.tsx";
import { RevokeDialog } from "./revoke-dialog.tsx";
import { RotateDialog } from "./rotate-dialog.tsx";

const REFRESH_MS = 10_000;

export function KeyPage({ api, keyId, route }: { api: Api; keyId: string; route: Route }) {
  const loaded = useData(`key ${keyId}`, async (signal) => await api.key(keyId, signal), REFRESH_MS);
  const [dialog, setDialog] = useState<"rotate" | "revoke" | null>(null);
  const [issued, setIssued] = useState<IssuedKey | null>(null);
  const close = () => setDialog(null);
  const record = loaded.data;
  return (
    <>
      <p class="crumbs">
        <a href={routeHash("keys")}>Keys</a>
      </p>
      <PageHead title={record?.name ?? "Key"}>
        {record === null || record.status === "revoked" ? null : (
          <Actions
            record={record}
            onRotate={() => setDialog("rotate")}
            onRevoke={() => setDialog("revoke")}
          />
        )}
      </PageHead>
      {issued === null ? null : <Issued issued={issued} onDone={() => setIssued(null)} />}
      <WithData loaded={loaded} what="key">
        {(data) => (
          <>
            <p class="key-line">
              <KeyStatus status={data.status} /> <code>{data.key_id}</code>
              <CopyButton text={data.key_id} what="the ID" />
            </p>
            <KeyUsageSection api={api} keyId={keyId} route={route} />
            <Section title="What it may do">
              <KeyFacts record={data} />
            </Section>
          </>
        )}
      </WithData>
      {dialog === "rotate" && record !== null ? (
        <RotateDialog
          api={api}
          record={record}
          onClose={close}
          onRotated={(rotated) => {
            close();
            setIssued(rotated);
            announce("The key is rotated.");
            loaded.reload();
          }}
        />
      ) : null}
      {dialog === "revoke" && record !== null ? (
        <RevokeDialog
          api={api}
          record={record}
          onClose={close}
          onRevoked={() => {
            close();
            announce("The key is revoked.");
            loaded.reload();
          }}
        />
      ) : null}
    </>
  );
}

const Actions = ({
  record,
  onRotate,
  onRevoke,
}: {
  record: KeyRecord;
  onRotate: () => void;
  onRevoke: () => void;
}) => (
  <>
    <a class="button" href={routeHash("keys", record.key_id, { edit: 1 })}>
      Edit
    </a>
    <button type="button" class="button" onClick={onRotate}>
      Rotate
    </button>
    <button type="button" class="button button-danger" onClick={onRevoke}>
      Revoke
    </button>
  </>
);
