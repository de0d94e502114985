/** What the form of a key holds, and what of it goes to the admin API. Pure. */
import type { KeyRecord, Scope } from "../shapes.ts";

/** As a form holds it: numbers and lists are texts, so that nothing of what somebody typed is lost. */
export interface KeyForm {
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** One ID a line; empty for all organizations. */
  readonly organizationIds: string;
  /** Whether only the paths of `organizationFields` are kept; otherwise all are. */
  readonly limitsOrganization: boolean;
  /** One path a line. */
  readonly organizationFields: string;
  readonly limitsMember: boolean;
  readonly memberFields: string;
  /** Empty for no limit. */
  readonly limit: string;
  readonly periodSeconds: string;
  /** One address or range a line; empty for all. */
  readonly allowedIps: string;
  /** As `<input type="datetime-local">` has it, in the viewer's zone; empty for never. */
  readonly expiresAt: string;
  /** Empty for none. Set at creation only. */
  readonly region: string;
}

export const EMPTY_FORM: KeyForm = {
  name: "",
  scopes: ["organizations:read"],
  organizationIds: "",
  limitsOrganization: false,
  organizationFields: "",
  limitsMember: false,
  memberFields: "",
  limit: "",
  periodSeconds: "60",
  allowedIps: "",
  expiresAt: "",
  region: "",
};

/** The periods of a rate limit that the form offers. */
export const PERIODS = [
  { value: "1", label: "second" },
  { value: "60", label: "minute" },
  { value: "3600", label: "hour" },
  { value: "86400", label: "day" },
];

const lines = (items: readonly string[] | null) => items?.join("\n") ?? "";

/** The part of the form that keys and the session policy have in common. */
export function limitsFormOf({ fields, rate_limit }: Pick<KeyRecord, "fields" | "rate_limit">) {
  return {
    limitsOrganization: fields !== null && fields.organization !== null,
    organizationFields: lines(fields?.organization ?? null),
    limitsMember: fields !== null && fields.member !== null,
    memberFields: lines(fields?.member ?? null),
    limit: rate_limit === null ? "" : String(rate_limit.limit),
    periodSeconds: String(rate_limit?.period_seconds ?? 60),
  };
}

export type LimitsForm = ReturnType<typeof limitsFormOf>;

export function formOf(record: KeyRecord): KeyForm {
  return {
    ...limitsFormOf(record),
    name: record.name,
    scopes: record.scopes,
    organizationIds: lines(record.organization_ids),
    allowedIps: lines(record.allowed_ips),
    expiresAt: record.expires_at === null ? "" : localTime(record.expires_at),
    region: record.region ?? "",
  };
}

/** A moment as `<input type="datetime-local">` takes it: in the viewer's zone, to the minute. */
export function localTime(moment: string): string {
  const date = new Date(moment);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The items of a text with one a line. Commas and spaces between them do, too. */
function itemsOf(text: string): string[] {
  return text.split(/[\s,]+/).filter((item) => item !== "");
}

const listOrNull = (text: string) => {
  const items = itemsOf(text);
  return items.length === 0 ? null : items;
};

/** What is not a whole number goes to the API as it is, which then says what it should be. */
export const numberOrText = (text: string) => (/^\d{1,9}$/.test(text.trim()) ? Number(text) : text);

/** A field path may hold a quoted name with spaces, so these are separated by lines alone. */
const pathsOf = (text: string) =>
  text
    .split("\n")
    .map((path) => path.trim())
    .filter((path) => path !== "");

/** What of the two objects is kept, as the API takes it. */
export function fieldsOf(
  form: Pick<KeyForm, "limitsOrganization" | "organizationFields" | "limitsMember" | "memberFields">,
) {
  if (!form.limitsOrganization && !form.limitsMember) return null;
  return {
    organization: form.limitsOrganization ? pathsOf(form.organizationFields) : null,
    member: form.limitsMember ? pathsOf(form.memberFields) : null,
  };
}

function expiryOf(text: string): string | null {
  if (text === "") return null;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date.toISOString();
}

export const rateLimitOf = (form: Pick<KeyForm, "limit" | "periodSeconds">) =>
  form.limit.trim() === ""
    ? null
    : { limit: numberOrText(form.limit), period_seconds: numberOrText(form.periodSeconds) };

/** What an edit can change, by its name in the API. */
const editable = (form: KeyForm) => ({
  name: form.name,
  scopes: form.scopes,
  organization_ids: listOrNull(form.organizationIds),
  fields: fieldsOf(form),
  rate_limit: rateLimitOf(form),
  allowed_ips: listOrNull(form.allowedIps),
  expires_at: expiryOf(form.expiresAt),
});

export type EditBody = Partial<ReturnType<typeof editable>>;

/** The body of `POST /admin/keys`. `handoverSeconds`: null shows the key here. */
export function creationBody(form: KeyForm, handoverSeconds: number | null) {
  return {
    ...editable(form),
    region: form.region === "" ? null : form.region,
    ...(handoverSeconds === null ? {} : { handover_seconds: handoverSeconds }),
  };
}

/** The body of `PATCH`: only what was changed in the form, so that another operator's change of the rest stays. */
export function editBody(before: KeyForm, after: KeyForm): EditBody {
  const [old, next] = [editable(before), editable(after)];
  const changed = (Object.keys(next) as (keyof EditBody)[]).filter(
    (name) => JSON.stringify(old[name]) !== JSON.stringify(next[name]),
  );
  return Object.fromEntries(changed.map((name) => [name, next[name]]));
}
