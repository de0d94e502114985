/** Who changed what, and when: the audit log, page by page. */
import { EventTable } from "./components/event-table.tsx";
import { PageHead, Section } from "./components/page.tsx";
import { Empty, WithData } from "./components/states.tsx";
import { useData } from "./components/use-data.ts";
import { routeHash } from "./routes.ts";
import type { ViewProps } from "./view.ts";

const PAGE_SIZE = 50;
const REFRESH_MS = 10_000;

/** The cursor of the page is in the URL. Only the first page changes by itself. */
export function AuditView({ api, route }: ViewProps) {
  const cursor = route.query.get("cursor");
  const page = useData(
    `audit ${cursor}`,
    (signal) => api.audit(cursor, PAGE_SIZE, signal),
    cursor === null ? REFRESH_MS : 0,
  );
  return (
    <>
      <PageHead
        title="Audit"
        lead="Every change of keys, sessions and the cache, the newest first. No secret is ever in it."
      />
      <Section title={cursor === null ? "Latest changes" : "Earlier changes"}>
        <WithData loaded={page} what="the changes">
          {({ events, next_cursor }) => (
            <>
              {events.length === 0 ? (
                <Empty>
                  {cursor === null ? "Nothing has been changed yet." : "There are no earlier changes."}
                </Empty>
              ) : (
                <EventTable api={api} events={events} />
              )}
              <div class="pages">
                {cursor === null ? null : (
                  <a class="button" href={routeHash("audit")}>
                    Latest
                  </a>
                )}
                {next_cursor === null ? null : (
                  <a class="button" href={routeHash("audit", null, { cursor: next_cursor })}>
                    Earlier
                  </a>
                )}
              </div>
            </>
          )}
        </WithData>
      </Section>
    </>
  );
}
