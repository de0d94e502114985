/** The fields of a key, for a new one and for an edit. */
import type { Child } from "hono/jsx/dom";
import { Select, TextArea, TextField } from "../components/field.tsx";
import { fieldProblem } from "../components/field-problem.ts";
import { OtherProblem } from "../components/other-problem.tsx";
import { Section } from "../components/page.tsx";
import type { KeyForm } from "./form-values.ts";
import { KEY_SCOPES, REGION_WORDS } from "./key-words.ts";
import { KeptFields, LIMITS_NAMES, type PartProps, RateLimitFields, ScopeFields } from "./limits-fields.tsx";

/** The fields that show what is wrong with them. */
const NAMES = [...LIMITS_NAMES, "name", "organization_ids", "allowed_ips", "expires_at", "handover_seconds"];

const REGIONS = [
  { value: "", label: "Where it is first used" },
  ...Object.entries(REGION_WORDS).map(([value, label]) => ({ value, label })),
];

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

interface Props extends PartProps<KeyForm> {
  /** Whether the region can be chosen, too. */
  readonly isNew: boolean;
  /** Further fields. */
  readonly children?: Child;
}

export const KeyFields = ({ form, refusal, change, isNew, children }: Props) => (
  <>
    <OtherProblem refusal={refusal} names={NAMES} />
    <div class="columns">
      <Section title="What it may do">
        <div class="fields">
          <Rights form={form} refusal={refusal} change={change} />
        </div>
      </Section>
      <Section title="Restrictions">
        <div class="fields">
          <Restrictions form={form} refusal={refusal} change={change} isNew={isNew} />
          {children}
        </div>
      </Section>
    </div>
  </>
);

const Rights = ({ form, refusal, change }: PartProps<KeyForm>) => (
  <>
    <TextField
      label="Name"
      name="name"
      isRequired
      hint="Who calls with it. Operators see it, and so does whoever opens a link to the key."
      value={form.name}
      problem={fieldProblem(refusal, "name")}
      onValue={(name) => change({ name })}
    />
    <ScopeFields
      choices={KEY_SCOPES}
      chosen={form.scopes}
      problem={fieldProblem(refusal, "scopes")}
      onChosen={(scopes) => change({ scopes })}
    />
    <KeptFields form={form} refusal={refusal} change={change} />
  </>
);

const Restrictions = ({ form, refusal, change, isNew }: PartProps<KeyForm> & { isNew: boolean }) => (
  <>
    <RateLimitFields
      form={form}
      refusal={refusal}
      change={change}
      hint="Exact, wherever the calls arrive. Empty: no limit."
    />
    <TextArea
      label="Organizations"
      name="organization_ids"
      hint="IDs, one a line: the key sees only these. Empty: all."
      placeholder="organization-…"
      value={form.organizationIds}
      problem={fieldProblem(refusal, "organization_ids")}
      onValue={(organizationIds) => change({ organizationIds })}
    />
    <TextArea
      label="Addresses"
      name="allowed_ips"
      hint="IP addresses and ranges from which it may call, one a line. Empty: all."
      placeholder="203.0.113.0/24"
      value={form.allowedIps}
      problem={fieldProblem(refusal, "allowed_ips")}
      onValue={(allowedIps) => change({ allowedIps })}
    />
    <TextField
      label="Expires"
      name="expires_at"
      type="datetime-local"
      hint={`In your time zone, ${zone()}. Empty: never.`}
      value={form.expiresAt}
      problem={fieldProblem(refusal, "expires_at")}
      onValue={(expiresAt) => change({ expiresAt })}
    />
    {isNew ? (
      <Select
        label="Region"
        name="region"
        hint="Near which the key's state is kept. It cannot be changed later."
        choices={REGIONS}
        value={form.region}
        onValue={(region) => change({ region })}
      />
    ) : null}
  </>
);
