/** The parts of a form that keys and the session policy have in common: rate limit, and fields that are kept. */
import { Checkbox, FieldGroup, Select, TextArea, TextField } from "../components/field.tsx";
import { fieldProblem, type Refusal } from "../components/field-problem.ts";
import { formatSeconds } from "../format.ts";
import { type LimitsForm, PERIODS } from "./form-values.ts";
import type { ScopeChoice } from "./key-words.ts";

export interface PartProps<Form> {
  readonly form: Form;
  readonly refusal: Refusal;
  /** Changes some values of the form. */
  readonly change: (values: Partial<Form>) => void;
}

/** The fields here that show what is wrong with them. */
export const LIMITS_NAMES = [
  "scopes",
  "fields.organization",
  "fields.member",
  "rate_limit.limit",
  "rate_limit.period_seconds",
];

/** A period that the form does not offer stays what it is. */
function periodsWith(seconds: string) {
  if (PERIODS.some(({ value }) => value === seconds)) return PERIODS;
  return [...PERIODS, { value: seconds, label: formatSeconds(Number(seconds)) }];
}

export const RateLimitFields = ({
  form,
  refusal,
  change,
  hint,
}: PartProps<LimitsForm> & { readonly hint: string }) => (
  <FieldGroup legend="Rate limit" hint={hint}>
    <div class="field-row">
      <TextField
        label="Calls"
        name="limit"
        placeholder="No limit"
        value={form.limit}
        problem={fieldProblem(refusal, "rate_limit.limit")}
        onValue={(limit) => change({ limit })}
      />
      <Select
        label="in each"
        name="period"
        value={form.periodSeconds}
        choices={periodsWith(form.periodSeconds)}
        problem={fieldProblem(refusal, "rate_limit.period_seconds")}
        onValue={(periodSeconds) => change({ periodSeconds })}
      />
    </div>
  </FieldGroup>
);

export const KeptFields = ({ form, refusal, change }: PartProps<LimitsForm>) => (
  <FieldGroup
    legend="Fields"
    hint="What is left out does not reach the caller, an organization's ID included. Only request_id, status_code and, of a member, member_id always do."
  >
    <Checkbox
      label="Only some fields of organizations"
      name="limits_organization"
      isChecked={form.limitsOrganization}
      onChecked={(limitsOrganization) => change({ limitsOrganization })}
    />
    {form.limitsOrganization ? (
      <TextArea
        label="Fields of organizations"
        name="organization_fields"
        hint="One a line, with dots for what is inside: trusted_metadata.plan. None leaves out all."
        placeholder={"organization_id\norganization_name"}
        value={form.organizationFields}
        problem={fieldProblem(refusal, "fields.organization")}
        onValue={(organizationFields) => change({ organizationFields })}
      />
    ) : null}
    <Checkbox
      label="Only some fields of members"
      name="limits_member"
      isChecked={form.limitsMember}
      onChecked={(limitsMember) => change({ limitsMember })}
    />
    {form.limitsMember ? (
      <TextArea
        label="Fields of members"
        name="member_fields"
        hint="One a line. None leaves out all."
        placeholder={"member_id\nstatus"}
        value={form.memberFields}
        problem={fieldProblem(refusal, "fields.member")}
        onValue={(memberFields) => change({ memberFields })}
      />
    ) : null}
  </FieldGroup>
);

/** A box for each scope, with what it allows. */
export function ScopeFields<Scope extends string>({
  choices,
  chosen,
  problem,
  onChosen,
}: {
  choices: readonly ScopeChoice<Scope>[];
  chosen: readonly Scope[];
  problem: string | null;
  onChosen: (scopes: Scope[]) => void;
}) {
  return (
    <FieldGroup legend="Scopes" problem={problem}>
      {choices.map(({ scope, words }) => (
        <Checkbox
          label={scope}
          name={scope}
          hint={words}
          isChecked={chosen.includes(scope)}
          onChecked={(isChecked) =>
            onChosen(
              choices
                .map((choice) => choice.scope)
                .filter((each) => (each === scope ? isChecked : chosen.includes(each))),
            )
          }
        />
      ))}
    </FieldGroup>
  );
}
