/** The keys with the most requests, each with a link to it. */
import { Badge } from "../components/page.tsx";
import { Empty } from "../components/states.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import { formatCount } from "../format.ts";
import { routeHash } from "../routes.ts";
import type { TopKey } from "../shapes.ts";

/** `span`: as in "No key was used in the last 24 hours." */
export function TopKeys({ keys, span }: { keys: readonly TopKey[]; span: string }) {
  if (keys.length === 0) return <Empty>No key was used in {span}.</Empty>;
  const most = Math.max(...keys.map(({ requests }) => requests));
  return (
    <Table
      caption={`The busiest keys in ${span}`}
      rows={keys}
      rowKey={({ key_id }) => key_id}
      columns={[
        {
          title: "Key",
          cell: ({ key_id, name }) => <a href={routeHash("keys", key_id)}>{name}</a>,
        },
        { title: "ID", cell: ({ key_id }) => <code>{key_id}</code> },
        {
          title: "Requests",
          isNumber: true,
          cell: ({ requests }) => (
            <span class="with-meter">
              {formatCount(requests)}
              <meter min={0} max={Math.max(most, 1)} value={requests} aria-hidden="true" />
            </span>
          ),
        },
        {
          title: "Refused by its limit",
          isNumber: true,
          cell: ({ rate_limited }) =>
            rate_limited === 0 ? (
              <span class="muted">none</span>
            ) : (
              <Badge tone="warn">{formatCount(rate_limited)}</Badge>
            ),
        },
        {
          title: "Last used",
          isNumber: true,
          cell: ({ last_used_at }) => <Time at={last_used_at} isRelative />,
        },
      ]}
    />
  );
}
