/** What came of the calls of a key, or of members' sessions, by the hour. */
import type { Api } from "../api.ts";
import { Figures, Section } from "../components/page.tsx";
import { StackedPlot } from "../components/stacked-plot.tsx";
import { Empty, WithData } from "../components/states.tsx";
import { type Loaded, useData } from "../components/use-data.ts";
import { formatCount, formatRatio, formatRelative } from "../format.ts";
import { bucketsOf } from "../hours.ts";
import { OUTCOME_NAMES, OUTCOMES } from "../outcomes.ts";
import { type Route, routeHash } from "../routes.ts";
import type { UsageHour } from "../shapes.ts";
import { usageSums } from "./usage-sums.ts";

const REFRESH_MS = 10_000;

const RANGES = [
  { hours: 24, label: "24 hours" },
  { hours: 168, label: "7 days" },
  { hours: 720, label: "30 days" },
];

export const hoursOf = (route: Route) =>
  RANGES.find(({ hours }) => String(hours) === route.query.get("hours"))?.hours ?? 24;

export function KeyUsageSection({ api, keyId, route }: { api: Api; keyId: string; route: Route }) {
  const hours = hoursOf(route);
  const usage = useData(
    `usage ${keyId} ${hours}`,
    async (signal) => (await api.keyUsage(keyId, hours, signal)).hours,
    REFRESH_MS,
  );
  return <UsageSection usage={usage} hours={hours} route={route} />;
}

interface UsageProps {
  readonly usage: Loaded<readonly UsageHour[]>;
  readonly hours: number;
  readonly route: Route;
}

export const UsageSection = ({ usage, hours, route }: UsageProps) => (
  <Section title="Calls" aside={<Ranges hours={hours} route={route} />}>
    <WithData loaded={usage} what="calls">
      {(counted) =>
        counted.length === 0 ? <NoCalls hours={hours} /> : <Usage counted={counted} hours={hours} />
      }
    </WithData>
  </Section>
);

const Ranges = ({ hours, route }: { hours: number; route: Route }) => (
  <nav class="segments" aria-label="Stretch of time">
    {RANGES.map((range) => (
      <a
        href={routeHash(route.view, route.id, { hours: range.hours })}
        aria-current={range.hours === hours ? "true" : undefined}
      >
        {range.label}
      </a>
    ))}
  </nav>
);

const NoCalls = ({ hours }: { hours: number }) => (
  <Empty>
    <p>No call in {RANGES.find((range) => range.hours === hours)?.label}. New calls show within seconds.</p>
  </Empty>
);

function Usage({ counted, hours }: { counted: readonly UsageHour[]; hours: number }) {
  const { calls, refused, hitRatio } = usageSums(counted);
  const last = counted.at(-1)?.hour;
  return (
    <>
      <Figures
        figures={[
          { label: "Calls", value: formatCount(calls), note: "all, refused ones included" },
          {
            label: "Hit ratio",
            value: hitRatio === null ? "–" : formatRatio(hitRatio),
            note: "from the cache",
          },
          {
            label: "Refused",
            value: formatCount(refused),
            note: "denied (401, 403) or over the limit",
            ...(refused > 0 ? { tone: "warn" as const } : {}),
          },
          { label: "Last used", value: last === undefined ? "–" : lastWords(last) },
        ]}
      />
      <StackedPlot
        label="Calls by outcome"
        series={OUTCOMES}
        buckets={bucketsOf(counted, OUTCOME_NAMES, hours, Date.now())}
      />
    </>
  );
}

const HOUR_MS = 3_600_000;

/** Usage has hours only: a call of the current one was made within it. */
function lastWords(hour: string): string {
  const now = Date.now();
  return now - Date.parse(hour) < HOUR_MS ? "This hour" : formatRelative(hour, now);
}
