/** Everything that is decided about a key. */
import type { Child } from "hono/jsx/dom";
import { Time } from "../components/time.tsx";
import type { KeyRecord } from "../shapes.ts";
import { fieldWords, KEY_SCOPES, limitWords, regionWords } from "./key-words.ts";

export function KeyFacts({ record }: { record: KeyRecord }) {
  const { fields, previous_generation_valid_until: overlap } = record;
  return (
    <dl class="details">
      <Fact label="Scopes">
        <ul class="words">
          {KEY_SCOPES.filter(({ scope }) => record.scopes.includes(scope)).map(({ scope, words }) => (
            <li>
              <code>{scope}</code> <span class="muted">{words}</span>
            </li>
          ))}
        </ul>
      </Fact>
      <Fact label="Rate limit">{limitWords(record.rate_limit)}</Fact>
      <Fact label="Organizations">
        <Items items={record.organization_ids} />
      </Fact>
      <Fact label="Fields of organizations">{fieldWords(fields?.organization)}</Fact>
      <Fact label="Fields of members">{fieldWords(fields?.member)}</Fact>
      <Fact label="Addresses">
        <Items items={record.allowed_ips} />
      </Fact>
      <Fact label="Region">{regionWords(record.region)}</Fact>
      <Fact label="Expires">{record.expires_at === null ? "Never" : <Time at={record.expires_at} />}</Fact>
      <Fact label="Created">
        <Time at={record.created_at} />
      </Fact>
      <Fact label="Changed">
        <Time at={record.updated_at} />
      </Fact>
      {record.revoked_at === null ? null : (
        <Fact label="Revoked">
          <Time at={record.revoked_at} />
        </Fact>
      )}
      {record.generation === 1 ? null : <Fact label="Rotated">{timesWords(record.generation - 1)}</Fact>}
      {overlap === null ? null : (
        <Fact label="The earlier key works until">
          <Time at={overlap} />
        </Fact>
      )}
    </dl>
  );
}

const timesWords = (times: number) => (times === 1 ? "Once" : `${times} times`);

const Fact = ({ label, children }: { label: string; children: Child }) => (
  <>
    <dt>{label}</dt>
    <dd>{children}</dd>
  </>
);

const Items = ({ items }: { items: readonly string[] | null }) =>
  items === null ? (
    "All"
  ) : (
    <ul class="words">
      {items.map((item) => (
        <li>
          <code>{item}</code>
        </li>
      ))}
    </ul>
  );
