/** Events of the audit log, with links to the keys that they are about. */

import type { Api } from "../api.ts";
import { actionText, actorText, detailLines, keyNames } from "../audit-text.ts";
import { routeHash } from "../routes.ts";
import type { AuditEvent } from "../shapes.ts";
import { Table } from "./table.tsx";
import { Time } from "./time.tsx";
import { useData } from "./use-data.ts";

/** The newest ones. An event of another key has its ID. */
const NAMED_KEYS = 100;

interface Props {
  readonly api: Api;
  readonly events: readonly AuditEvent[];
  readonly isRelative?: boolean;
}

export function EventTable({ api, events, isRelative = false }: Props) {
  // Read once: a name says no more than its link, and new keys have theirs in the event.
  const { data } = useData("names", (signal) => api.keys({ limit: NAMED_KEYS }, signal));
  const names = keyNames(events, data?.keys ?? []);
  return (
    <Table
      caption="Changes, the newest first"
      rows={events.map((event, index) => ({ event, index }))}
      rowKey={({ event, index }) => `${event.at} ${index}`}
      columns={[
        { title: "When", cell: ({ event }) => <Time at={event.at} isRelative={isRelative} /> },
        { title: "What", cell: ({ event }) => <span class="nowrap">{actionText(event)}</span> },
        {
          title: "Key",
          cell: ({ event }) =>
            event.key_id === null ? (
              <span class="muted">–</span>
            ) : (
              <a href={routeHash("keys", event.key_id)}>
                {names.get(event.key_id) ?? <code class="nowrap">{event.key_id}</code>}
              </a>
            ),
        },
        { title: "Who", cell: ({ event }) => actorText(event) },
        {
          title: "Details",
          cell: ({ event }) => (
            <span class="lines">
              {detailLines(event).map((line) => (
                <span>{line}</span>
              ))}
            </span>
          ),
        },
      ]}
    />
  );
}
