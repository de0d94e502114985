/** Events of the audit log, with links to the keys that they are about. */
import { actionText, actorText, detailLines } from "../audit-text.ts";
import { routeHash } from "../routes.ts";
import type { AuditEvent } from "../shapes.ts";
import { Table } from "./table.tsx";
import { Time } from "./time.tsx";

export const EventTable = ({
  events,
  isRelative = false,
}: {
  events: readonly AuditEvent[];
  isRelative?: boolean;
}) => (
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
              <code>{event.key_id}</code>
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
