/** What an operator reads first: is anything wrong, how much is used, by whom, and what was changed. */
import { EventTable } from "../components/event-table.tsx";
import { PageHead, Section } from "../components/page.tsx";
import { StackedPlot } from "../components/stacked-plot.tsx";
import { Empty, WithData } from "../components/states.tsx";
import { useData } from "../components/use-data.ts";
import { formatClock } from "../format.ts";
import { bucketsOf } from "../hours.ts";
import { OUTCOME_NAMES, OUTCOMES } from "../outcomes.ts";
import { routeHash } from "../routes.ts";
import type { Overview } from "../shapes.ts";
import type { ViewProps } from "../view.ts";
import { OverviewFigures } from "./figures.tsx";
import { healthOf } from "./health.ts";
import { TopKeys } from "./top-keys.tsx";

const SPANS = [
  { hours: 6, label: "6 hours" },
  { hours: 24, label: "24 hours" },
  { hours: 168, label: "7 days" },
  { hours: 720, label: "30 days" },
];
const DEFAULT_HOURS = 24;
const REFRESH_MS = 10_000;
const EVENTS_SHOWN = 8;

export function OverviewView({ api, route }: ViewProps) {
  const asked = Number(route.query.get("hours"));
  const hours = SPANS.some((span) => span.hours === asked) ? asked : DEFAULT_HOURS;
  const overview = useData(`overview ${hours}`, (signal) => api.overview(hours, signal), REFRESH_MS);
  const events = useData("events", (signal) => api.audit(null, EVENTS_SHOWN, signal), REFRESH_MS);
  return (
    <>
      <PageHead title="Overview">
        <nav class="segments" aria-label="Time">
          {SPANS.map((span) => (
            <a
              href={routeHash("overview", null, { hours: span.hours })}
              aria-current={span.hours === hours ? "true" : undefined}
            >
              {span.label}
            </a>
          ))}
        </nav>
      </PageHead>
      <WithData loaded={overview} what="the overview">
        {(data) => <OverviewPanels overview={data} hours={hours} readAt={overview.readAt} />}
      </WithData>
      <Section title="Latest changes" aside={<a href={routeHash("audit")}>All changes</a>}>
        <WithData loaded={events} what="the changes">
          {(page) =>
            page.events.length === 0 ? (
              <Empty>Nothing has been changed yet.</Empty>
            ) : (
              <EventTable api={api} events={page.events} isRelative />
            )
          }
        </WithData>
      </Section>
    </>
  );
}

interface PanelProps {
  readonly overview: Overview;
  readonly hours: number;
  readonly readAt: number;
}

function OverviewPanels({ overview, hours, readAt }: PanelProps) {
  const span = `the last ${SPANS.find((one) => one.hours === hours)?.label}`;
  const health = healthOf(overview, span);
  return (
    <>
      <section class={health.isGood ? "health" : "health health-warn"} aria-label="Health">
        <div>
          <h2>{health.title}</h2>
          {health.reasons.length === 0 ? null : (
            <ul>
              {health.reasons.map((reason) => (
                <li>{reason}</li>
              ))}
            </ul>
          )}
          {health.past === null ? null : <p class="muted">{health.past}</p>}
        </div>
        <p class="health-when">As of {formatClock(readAt)}</p>
      </section>
      <OverviewFigures overview={overview} span={span} />
      <Section title="Requests by outcome" aside={<>In {span}</>}>
        {overview.totals.requests === 0 ? (
          <Empty>There were no requests in {span}.</Empty>
        ) : (
          <StackedPlot
            label="Requests by outcome"
            series={OUTCOMES}
            buckets={bucketsOf(overview.hours, OUTCOME_NAMES, hours, Date.now())}
          />
        )}
      </Section>
      <Section title="Busiest keys" aside={<a href={routeHash("keys")}>All keys</a>}>
        <TopKeys keys={overview.top_keys} span={span} />
      </Section>
    </>
  );
}
