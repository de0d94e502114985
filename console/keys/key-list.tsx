/** The keys, newest first: searched, filtered and in pages by the URL. */
import { useEffect, useRef, useState } from "hono/jsx/dom";
import type { Api } from "../api.ts";
import { Select, TextField } from "../components/field.tsx";
import { Badge, PageHead } from "../components/page.tsx";
import { Empty, WithData } from "../components/states.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import { useData } from "../components/use-data.ts";
import { routeHash } from "../routes.ts";
import type { KeyPage, KeyRecord } from "../shapes.ts";
import type { ViewProps } from "../view.ts";
import { restrictionsOf } from "./key-words.ts";

const PAGE_SIZE = 50;
const REFRESH_MS = 15_000;
/** Between the last keystroke and the search. */
const TYPING_MS = 250;
/** As far back as usage goes. */
const LAST_USE_HOURS = 720;
/** As many as the overview has at most (`MAX_TOP_KEYS`). */
const MAX_BUSIEST_KEYS = 20;

const STATUSES = [
  { value: "", label: "All" },
  { value: "active", label: "Active" },
  { value: "expired", label: "Expired" },
  { value: "revoked", label: "Revoked" },
];

export function KeyList({ api, route }: ViewProps) {
  const q = route.query.get("q") ?? "";
  const status = statusOf(route.query.get("status"));
  const cursor = route.query.get("cursor");
  const keys = useData(
    `keys ${route.query}`,
    async (signal) => await api.keys({ q, status, cursor, limit: PAGE_SIZE }, signal),
    REFRESH_MS,
  );
  const lastUse = useLastUse(api);
  return (
    <>
      <PageHead title="Keys" lead="Each caller has a key of its own, with only what it needs.">
        <a class="button button-primary" href={routeHash("keys", "new")}>
          New key
        </a>
      </PageHead>
      <KeySearch q={q} status={status} />
      <WithData loaded={keys} what="keys">
        {(page) => (
          <div class="panel">
            <KeyTable page={page} lastUse={lastUse} isSearch={q !== "" || status !== null} />
            <Pages q={q} status={status} cursor={cursor} next={page.next_cursor} />
          </div>
        )}
      </WithData>
    </>
  );
}

const statusOf = (text: string | null) =>
  text === "active" || text === "expired" || text === "revoked" ? text : null;

/** When a key was used last; null if it was not in 30 days, undefined if that is not known. */
type LastUse = (keyId: string) => string | null | undefined;

/** The overview knows the busiest keys only: of another nothing is known, unless it has all. */
function useLastUse(api: Api): LastUse {
  const { data } = useData(
    "last use",
    async (signal) => await api.overview(LAST_USE_HOURS, signal),
    REFRESH_MS,
  );
  if (data === null) return () => undefined;
  const used = new Map(data.top_keys.map((key) => [key.key_id, key.last_used_at]));
  const hasAll = used.size < MAX_BUSIEST_KEYS;
  return (keyId) => used.get(keyId) ?? (hasAll ? null : undefined);
}

function KeySearch({ q, status }: { q: string; status: KeyRecord["status"] | null }) {
  const [text, setText] = useState(q);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const searched = useRef(q);
  // The URL may change without this form, by the browser's Back: what somebody goes on typing after a search stays.
  useEffect(() => {
    if (q !== searched.current) setText(q);
    searched.current = q;
  }, [q]);
  // A search that is still to come must not lead back from the view that somebody has gone to.
  useEffect(() => () => clearTimeout(timer.current), []);
  const search = (next: { q?: string; status?: string }) => {
    clearTimeout(timer.current);
    searched.current = next.q ?? text;
    // A search is not a step in the history.
    location.replace(routeHash("keys", null, { q: next.q ?? text, status: next.status ?? status }));
  };
  return (
    <search class="filters">
      <form
        onSubmit={(event: Event) => {
          event.preventDefault();
          search({});
        }}
      >
        <TextField
          label="Search"
          name="q"
          type="search"
          placeholder="Name or ID"
          value={text}
          onValue={(value) => {
            setText(value);
            clearTimeout(timer.current);
            timer.current = setTimeout(() => search({ q: value }), TYPING_MS);
          }}
        />
        <Select
          label="Status"
          name="status"
          value={status ?? ""}
          choices={STATUSES}
          onValue={(value) => search({ status: value })}
        />
      </form>
    </search>
  );
}

function KeyTable({ page, lastUse, isSearch }: { page: KeyPage; lastUse: LastUse; isSearch: boolean }) {
  if (page.keys.length === 0) {
    return (
      <Empty>
        {isSearch ? (
          <p>
            No key matches. <a href={routeHash("keys")}>Show all keys</a>
          </p>
        ) : (
          <p>
            There is no key yet. <a href={routeHash("keys", "new")}>Create the first one</a>
          </p>
        )}
      </Empty>
    );
  }
  return (
    <Table
      caption="Keys"
      rows={page.keys}
      rowKey={({ key_id }) => key_id}
      columns={[
        { title: "Name", cell: (record) => <KeyName record={record} /> },
        { title: "Status", cell: ({ status }) => <KeyStatus status={status} /> },
        { title: "Scopes", cell: ({ scopes }) => <Words items={scopes} none="None" /> },
        { title: "Restrictions", cell: (record) => <Words items={restrictionsOf(record)} none="None" /> },
        { title: "Last used", cell: ({ key_id }) => <LastUsed at={lastUse(key_id)} /> },
        {
          title: "Expires",
          cell: ({ expires_at: at }) => (at === null ? "Never" : <Time at={at} isRelative />),
        },
      ]}
    />
  );
}

const KeyName = ({ record }: { record: KeyRecord }) => (
  <div class="key-name">
    <a href={routeHash("keys", record.key_id)}>{record.name}</a>
    <code>{record.key_id}</code>
  </div>
);

const TONES = { active: "good", expired: "none", revoked: "bad" } as const;

export const KeyStatus = ({ status }: { status: KeyRecord["status"] }) => (
  <Badge tone={TONES[status]}>{status}</Badge>
);

const Words = ({ items, none }: { items: readonly string[]; none: string }) =>
  items.length === 0 ? (
    <span class="muted">{none}</span>
  ) : (
    <ul class="words">
      {items.map((item) => (
        <li>{item}</li>
      ))}
    </ul>
  );

function LastUsed({ at }: { at: string | null | undefined }) {
  if (at === undefined) return <span class="muted">Not known</span>;
  return at === null ? <span class="muted">Not in 30 days</span> : <Time at={at} isRelative />;
}

interface PagesProps {
  readonly q: string;
  readonly status: string | null;
  readonly cursor: string | null;
  readonly next: string | null;
}

function Pages({ q, status, cursor, next }: PagesProps) {
  if (cursor === null && next === null) return null;
  return (
    <nav class="pages" aria-label="Pages of keys">
      {cursor === null ? null : (
        <a class="button" href={routeHash("keys", null, { q, status })}>
          Newest keys
        </a>
      )}
      {next === null ? null : (
        <a class="button" href={routeHash("keys", null, { q, status, cursor: next })}>
          Older keys
        </a>
      )}
    </nav>
  );
}
