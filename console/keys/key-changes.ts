/** What an edit changes, in words, for a look before it is saved. Pure. */
import { formatTime } from "../format.ts";
import { type EditBody, editBody, type KeyForm } from "./form-values.ts";
import { fieldWords, limitWords } from "./key-words.ts";

export interface Change {
  readonly label: string;
  readonly from: string;
  readonly to: string;
}

type Name = keyof EditBody;

const itemWords = (text: string) =>
  text
    .split(/[\s,]+/)
    .filter(Boolean)
    .join(", ") || "All";

function fieldsWords(form: KeyForm): string {
  const of = (isLimited: boolean, text: string) =>
    fieldWords(isLimited ? text.split("\n").filter((path) => path.trim() !== "") : null);
  const organization = of(form.limitsOrganization, form.organizationFields);
  return `Organization: ${organization}. Member: ${of(form.limitsMember, form.memberFields)}`;
}

/** A limit that is not a number yet is shown as it was typed. */
function rateWords({ limit, periodSeconds }: KeyForm): string {
  if (limit.trim() === "") return limitWords(null);
  const [calls, seconds] = [Number(limit), Number(periodSeconds)];
  return Number.isInteger(calls) && Number.isInteger(seconds)
    ? limitWords({ limit: calls, period_seconds: seconds })
    : limit;
}

const WORDS: Readonly<Record<Name, readonly [label: string, words: (form: KeyForm) => string]>> = {
  name: ["Name", ({ name }) => name],
  scopes: ["Scopes", ({ scopes }) => scopes.join(", ") || "None"],
  organization_ids: ["Organizations", ({ organizationIds }) => itemWords(organizationIds)],
  fields: ["Fields", fieldsWords],
  rate_limit: ["Rate limit", rateWords],
  allowed_ips: ["Addresses", ({ allowedIps }) => itemWords(allowedIps)],
  expires_at: ["Expires", ({ expiresAt }) => (expiresAt === "" ? "Never" : formatTime(expiresAt))],
};

export function changesOf(before: KeyForm, after: KeyForm): Change[] {
  return (Object.keys(editBody(before, after)) as Name[]).map((name) => {
    const [label, words] = WORDS[name];
    return { label, from: words(before), to: words(after) };
  });
}
