/** Members' sessions as credentials: what they may read, what came of their calls, and how to end them. */
import { PageHead } from "../components/page.tsx";
import { Caution, WithData } from "../components/states.tsx";
import { useData } from "../components/use-data.ts";
import { hoursOf, UsageSection } from "../keys/key-usage.tsx";
import type { ViewProps } from "../view.ts";
import { PolicySection } from "./policy-section.tsx";
import { RevokeSection } from "./revoke-section.tsx";

const REFRESH_MS = 10_000;

export function SessionsView({ api, route }: ViewProps) {
  const policy = useData("policy", async (signal) => ({ policy: await api.sessionPolicy(signal) }));
  return (
    <>
      <PageHead
        title="Sessions"
        lead="With a policy, members read their own organization with the session that they have at Stytch, without a key."
      />
      <WithData loaded={policy} what="policy">
        {(data) => (
          <>
            {data.policy === null ? (
              <Caution>No policy is set: the sessions of members are refused.</Caution>
            ) : null}
            <PolicySection
              key={JSON.stringify(data.policy)}
              api={api}
              policy={data.policy}
              onChanged={policy.reload}
            />
            {data.policy === null ? null : <SessionUsageSection api={api} route={route} />}
          </>
        )}
      </WithData>
      <RevokeSection api={api} />
    </>
  );
}

/** There is no usage before the first policy. */
function SessionUsageSection({ api, route }: ViewProps) {
  const hours = hoursOf(route);
  const usage = useData(
    `session usage ${hours}`,
    async (signal) => (await api.sessionUsage(hours, signal)).hours,
    REFRESH_MS,
  );
  return <UsageSection usage={usage} hours={hours} route={route} />;
}
