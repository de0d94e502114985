/** The keys with the most calls, each with a link to it. */
import { Badge } from "../components/page.tsx";
import { Empty } from "../components/states.tsx";
import { Table } from "../components/table.tsx";
import { Time } from "../components/time.tsx";
import { formatCount } from "../format.ts";
import { routeHash } from "../routes.ts";
import type { TopKey } from "../shapes.ts";

/** As the page of the key counts them, and as they are ranked. */
export const callsOf = ({ requests, rate_limited }: Pick<TopKey, "requests" | "rate_limited">) =>
  requests + rate_limited;

/** `span`: as in "No key was used in the last 24 hours." */
export function TopKeys({ keys, span }: { keys: readonly TopKey[]; span: string }) {
  if (keys.length === 0) return <Empty>No key was used in {span}.</Empty>;
  const most = Math.max(...keys.map(callsOf));
  return (
    <>
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
            title: "Calls",
            isNumber: true,
            cell: (key) => (
              <span class="with-meter">
                {formatCount(callsOf(key))}
                <meter min={0} max={Math.max(most, 1)} value={callsOf(key)} aria-hidden="true" />
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
      <p class="hint">Calls are all that were made with the key, refused ones included.</p>
    </>
  );
}
