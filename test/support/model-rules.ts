/**
 * What may be answered in the model test, given all that Stytch said and all that was purged. Throws if a rule is
 * broken.
 */
import type { Json } from "./bodies.ts";
import { RETRY_AFTER_SECONDS } from "./model-faults.ts";
import { identifiersOf, type ModelStytch, type Said } from "./model-stytch.ts";

const LEASE_MS = 5_000;
const FRESH_MS = 60_000;
/** Fresh and stale: served without waiting for Stytch. */
const SERVABLE_MS = 120_000;
const EXPIRED_MS = 3_720_000;
const NEGATIVE_MS = 10_000;
/** The longest back-off, during which an older entry may be answered though Stytch no longer fails. */
const MAX_BACK_OFF_MS = 30_000;

export interface Purged {
  readonly name: string;
  readonly startedAt: number;
  readonly at: number;
}

/** One read. `startedAt` orders it among all that happened; the others are times. */
export interface Observation {
  readonly identifier: string;
  readonly isForced: boolean;
  readonly startedAt: number;
  readonly requestedAt: number;
  readonly receivedAt: number;
  readonly response: Response;
  readonly body: Json;
  /** The last organization that this isolate has answered under the identifier. */
  readonly before: Said | undefined;
}

/** Throws if the answer may not be given. */
export function checkAnswer(read: Observation, stytch: ModelStytch, purges: readonly Purged[]): void {
  const { status } = read.response;
  if (status === 404) checkNotFound(read, stytch, purges);
  else if (status === 200) checkOrganization(read, stytch, purges);
  else checkFailure(read, stytch, purges);
}

function fault({ identifier, receivedAt, response, body }: Observation, problem: string): never {
  const cacheStatus = response.headers.get("Cache-Status");
  const text = JSON.stringify(body).slice(0, 300);
  throw new Error(`${problem}: ${identifier} at ${receivedAt}, ${response.status} ${cacheStatus} ${text}`);
}

/** A purge, and what Stytch said, is in force everywhere after a lease. */
const isInForce = (event: { readonly at: number }, { receivedAt }: Observation) =>
  event.at + LEASE_MS <= receivedAt;

function checkNotFound(read: Observation, stytch: ModelStytch, purges: readonly Purged[]): void {
  const ownPurges = purges.filter((purge) => purge.name === read.identifier && isInForce(purge, read));
  const lastPurge = Math.max(0, ...ownPurges.map((purge) => purge.startedAt));
  const isTrue = stytch.said.some(
    (said) =>
      said.identifier === read.identifier &&
      said.organization === null &&
      read.receivedAt - said.at <= NEGATIVE_MS &&
      said.startedAt > lastPurge,
  );
  if (!isTrue) fault(read, "a 404 that Stytch did not give");
}

function checkFailure(read: Observation, stytch: ModelStytch, purges: readonly Purged[]): void {
  const errorType = read.body["error_type"];
  const isTold = failuresDuring(read, stytch).some((failure) => failure.errorType === errorType);
  const isRefused = refusalsDuring(read, stytch).some((type) => type === errorType);
  if (!isTold && !isRefused) fault(read, "an error though Stytch works");
  const retryAfter = Number(read.response.headers.get("Retry-After") ?? 1);
  if (retryAfter < 1 || retryAfter > RETRY_AFTER_SECONDS) fault(read, `a Retry-After of ${retryAfter}`);
  const { before, isForced, receivedAt } = read;
  if (before === undefined || isForced || receivedAt - before.at >= EXPIRED_MS) return;
  if (!mayHaveEnded(before, stytch, purges)) fault(read, "an error that an older answer hides");
}

/**
 * True if a purge or another answer of Stytch may have ended this one. A purge of the last lease may, too: whoever asked
 * may not have heard of it. And so may an earlier answer, since Postern purges the names and the organizations in it.
 */
function mayHaveEnded(said: Said, stytch: ModelStytch, purges: readonly Purged[]): boolean {
  const identifiers = identifiersOf(said.organization ?? {});
  const isPurged = purges.some(
    ({ name, at }) => at + LEASE_MS >= said.requestedAt && identifiers.includes(name),
  );
  return isPurged || stytch.said.some((other) => contradicts(other, said));
}

/** True if an identifier of the organization was answered with a 404, or with one that has other identifiers. */
function contradicts({ identifier, organization }: Said, said: Said): boolean {
  const identifiers = identifiersOf(said.organization ?? {});
  if (organization === null) return identifiers.includes(identifier);
  const others = identifiersOf(organization);
  return others.some((one) => identifiers.includes(one)) && others.join() !== identifiers.join();
}

/** What failed for this identifier before the answer, and after the caller asked. */
const failuresDuring = ({ identifier, startedAt }: Observation, { failures }: ModelStytch) =>
  failures.filter((failure) => failure.identifier === identifier && failure.step > startedAt);

/** The types of the errors with which a call for this identifier may have been refused without asking Stytch. */
function refusalsDuring({ identifier, requestedAt, receivedAt }: Observation, stytch: ModelStytch): string[] {
  return [
    ...(stytch.circuit.mayRefuse(requestedAt, receivedAt) ? ["upstream_unavailable"] : []),
    ...(stytch.pauses.mayRefuse(identifier, requestedAt, receivedAt) ? ["upstream_rate_limited"] : []),
  ];
}

/** Stytch has failed, or is left alone after it has. */
function mayHideFailure(read: Observation, stytch: ModelStytch): boolean {
  const isBackingOff = stytch.failures.some(
    ({ identifier, at }) => identifier === read.identifier && at >= read.requestedAt - MAX_BACK_OFF_MS,
  );
  return isBackingOff || refusalsDuring(read, stytch).length > 0;
}

function isSameAnswer(one: Said, other: Said): boolean {
  return JSON.stringify(one.organization) === JSON.stringify(other.organization);
}

function checkOrganization(read: Observation, stytch: ModelStytch, purges: readonly Purged[]): void {
  const said = stytch.said.find((one) => one.requestId === read.body["request_id"]);
  if (said?.organization == null) fault(read, "an answer that Stytch never gave");
  const identifiers = identifiersOf(said.organization);
  if (JSON.stringify(said.organization) !== JSON.stringify(read.body["organization"]))
    fault(read, "an answer that was changed");
  if (!identifiers.includes(read.identifier))
    fault(read, "an organization under an identifier that it does not have");

  const age = read.receivedAt - said.at;
  if (age >= EXPIRED_MS) fault(read, "an answer that has expired");
  if (age >= SERVABLE_MS && !mayHideFailure(read, stytch))
    fault(read, "an answer past its stale window though Stytch works");
  if (read.isForced && said.startedAt < read.startedAt) fault(read, "an older answer to a forced read");
  checkHeaders(read, age);

  for (const purge of purges) {
    if (isInForce(purge, read) && identifiers.includes(purge.name) && said.startedAt < purge.startedAt)
      fault(read, `purged as ${purge.name}`);
  }
  for (const other of stytch.said) {
    if (!isInForce(other, read) || other.startedAt < said.startedAt) continue;
    if (other.identifier === read.identifier && other.organization === null)
      fault(read, "an organization that has ended");
    if (other.organization === null) continue;
    // Two objects may ask in the same millisecond; nobody can tell which of them asked first.
    if (other.requestedAt === said.requestedAt && other.identifier !== said.identifier) continue;
    const isSame = other.organization["organization_id"] === said.organization["organization_id"];
    // If Stytch gave the same answer again since, the alias has come back.
    if (stytch.said.some((again) => again.startedAt > other.startedAt && isSameAnswer(again, said))) continue;
    if (isSame !== identifiersOf(other.organization).includes(read.identifier))
      fault(read, "an alias that has moved");
  }
}

function checkHeaders(read: Observation, ageMs: number): void {
  const { headers } = read.response;
  const age = Math.floor(ageMs / 1_000);
  if (headers.get("Age") !== String(age)) fault(read, `an Age of ${headers.get("Age")} for ${ageMs} ms`);
  const cacheStatus = headers.get("Cache-Status");
  const ttl = Math.floor(FRESH_MS / 1_000) - age;
  if (cacheStatus?.includes("ttl=") && !cacheStatus.includes(`ttl=${ttl};`))
    fault(read, `a wrong ttl for ${ageMs} ms`);
}
