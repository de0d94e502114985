/**
 * The page of a link that hands a key over. It takes the token out of the address bar at once, and asks for the key only
 * on a click, so that a preview of the link does not use it up.
 */
import { render, useState } from "hono/jsx/dom";
import { ActionButton } from "./components/action-button.tsx";
import { CopyButton } from "./components/copy-button.tsx";
import { PageHead } from "./components/page.tsx";
import { Caution, Problem } from "./components/states.tsx";
import { Time } from "./components/time.tsx";
import { forgetWhenLeft } from "./forget-when-left.ts";
import { formatRate } from "./format.ts";
import { type HandedOver, OPENED, SHOWN, takeKey, tokenOf, withoutTokenText } from "./handover-call.ts";
import { fieldWords } from "./keys/key-words.ts";
import type { KeyRecord } from "./shapes.ts";

const token = tokenOf(location.hash);
/** What this page was before it was loaded again: the browser keeps it with the entry of its history. */
const earlier: unknown = history.state;
const remember = (state: unknown) => history.replaceState(state, "", location.pathname);
remember(token === null ? earlier : OPENED);

function HandoverPage() {
  const [isAsking, setAsking] = useState(false);
  const [taken, setTaken] = useState<HandedOver | null>(null);
  const show = async () => {
    if (token === null || isAsking) return;
    setAsking(true);
    // A second attempt looks like the first.
    setTaken(null);
    const answer = await takeKey((path, init) => fetch(path, init), token);
    if (answer.kind === "key") remember(SHOWN);
    setTaken(answer);
    setAsking(false);
  };
  if (token === null) return <NoToken />;
  if (taken === null) return <Offer isAsking={isAsking} onShow={() => void show()} />;
  switch (taken.kind) {
    case "key":
      return <ShownKey apiKey={taken.key} record={taken.record} />;
    case "ended":
      return <Ended />;
    case "failed":
      return (
        <>
          <PageHead title="The key could not be shown" />
          <Problem text={taken.problem} onRetry={() => void show()} />
          <p class="lead">
            If it then says that the link was used, ask whoever sent it for a new one: the answer may have
            been lost on its way.
          </p>
        </>
      );
  }
}

function NoToken() {
  const { title, text } = withoutTokenText(earlier);
  return (
    <>
      <PageHead title={title} />
      <p>{text}</p>
    </>
  );
}

const Offer = ({ isAsking, onShow }: { isAsking: boolean; onShow: () => void }) => (
  <>
    <PageHead title="An API key for you" lead="This link shows the key once. Then it is used up." />
    <div class="panel stack">
      <p>
        Have the place ready where the key belongs, such as a secret store. Nobody can show the key a second
        time.
      </p>
      <ActionButton tone="primary" isRunning={isAsking} running="Asking for the key…" onClick={onShow}>
        Show the key
      </ActionButton>
    </div>
  </>
);

const Ended = () => (
  <>
    <PageHead title="This link no longer works" />
    <div class="panel stack">
      <p>
        It was already used, its time is over, or the key has been replaced or revoked since. Ask whoever sent
        it for a new link.
      </p>
      <Caution>
        If you have not seen the key and somebody else may have opened the link, say so: the key should then
        be rotated.
      </Caution>
    </div>
  </>
);

const ShownKey = ({ apiKey, record }: { apiKey: string; record: KeyRecord }) => (
  <>
    <PageHead title="Your API key" lead="Copy it now. This page cannot show it again." />
    <div class="panel stack">
      <code class="secret">{apiKey}</code>
      <CopyButton text={apiKey} what="the key" />
      <p class="hint">
        Send it as <code>Authorization: Bearer …</code>, or use it as the secret of a Stytch SDK with{" "}
        <code>{location.origin}/</code> as the base URL. What can be asked for, and each answer, is in{" "}
        <a href="/docs/">the reference</a>.
      </p>
    </div>
    <section class="panel" aria-label="What the key may do">
      <div class="panel-head">
        <h2>What it may do</h2>
      </div>
      <Facts record={record} />
    </section>
  </>
);

const Facts = ({ record }: { record: KeyRecord }) => (
  <dl class="details">
    <dt>Name</dt>
    <dd>{record.name}</dd>
    <dt>Key ID</dt>
    <dd>
      <code>{record.key_id}</code>
    </dd>
    <dt>Scopes</dt>
    <dd>{record.scopes.join(", ")}</dd>
    <dt>Organizations</dt>
    <dd>{record.organization_ids === null ? "All" : record.organization_ids.join(", ")}</dd>
    <dt>Fields of organizations</dt>
    <dd>{fieldWords(record.fields?.organization)}</dd>
    <dt>Fields of members</dt>
    <dd>{fieldWords(record.fields?.member)}</dd>
    <dt>Rate limit</dt>
    <dd>{record.rate_limit === null ? "None" : formatRate(record.rate_limit)}</dd>
    <dt>Addresses</dt>
    <dd>{record.allowed_ips === null ? "Any" : record.allowed_ips.join(", ")}</dd>
    <dt>Expires</dt>
    <dd>{record.expires_at === null ? "Never" : <Time at={record.expires_at} />}</dd>
  </dl>
);

forgetWhenLeft();
const root = document.getElementById("handover");
if (root !== null) render(<HandoverPage />, root);
