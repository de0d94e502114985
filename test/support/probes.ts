import { beforeEach, expect } from "vitest";
import { useClock } from "./clock.ts";
import { createIsolate, createKey, type TestIsolate } from "./deployment.ts";
import { settleObjects, trackObjectWork } from "./object-work.ts";
import { observeCall } from "./observe-call.ts";
import { organizationPath } from "./paths.ts";
import { identifiersOf, stubTwoOrganizations, type TwoOrganizations } from "./two-organizations.ts";

let clock: ReturnType<typeof useClock>;
export let stytch: TwoOrganizations;
export let admin: TestIsolate;
export let bound: string;
export let boundId: string;
export let unbound: string;

/** Sets all of this up before each test of a file, and returns its clock. */
export function useProbes() {
  clock = useClock();
  beforeEach(async () => {
    await trackObjectWork();
    stytch = stubTwoOrganizations();
    admin = createIsolate();
    const scopes = ["organizations:read", "members:dangerously_get", "cache:refresh"] as const;
    const organization_ids = [stytch.own["organization_id"]];
    ({ key: bound, keyId: boundId } = await createKey(admin, scopes, { organization_ids }));
    ({ key: unbound } = await createKey(admin, scopes));
  });
  return clock;
}

export const id = () => `organization-test-${crypto.randomUUID()}`;
/** The names of the other organization, and for each a name of its kind that nobody has. */
export const pairs = () => {
  const missing = [id(), `slug-${crypto.randomUUID()}`, `ext|${crypto.randomUUID()}`];
  return identifiersOf(stytch.other).map((name, index) => ({ name, missing: String(missing[index]) }));
};

export const requestsFor = (name: string) =>
  stytch.upstream.requests.filter(({ url }) => url.endsWith(`/${encodeURIComponent(name)}`)).length;

interface Read {
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

/** `observeCall` of an organization; `upstream`: how often Stytch was asked for this name. */
export async function observe(isolate: TestIsolate, name: string, { key = bound, headers = {} }: Read = {}) {
  const asked = requestsFor(name);
  const observed = await observeCall(isolate, stytch.upstream, organizationPath(name), { key, headers });
  return { ...observed, upstream: requestsFor(name) - asked };
}

export type Event = (isolate: TestIsolate, name: string) => Promise<unknown>;
export const nothing: Event = async () => {};
export const readUnbound: Event = async (isolate, name) =>
  await isolate.call(organizationPath(name), { key: unbound });
export const readElsewhere: Event = async (_, name) => await readUnbound(createIsolate(), name);

/** Reads a name and a missing one in isolates of their own, in step; `before` is what others do before each read. */
export async function compare(
  names: { name: string; missing: string },
  before: Event,
  times: readonly number[],
  read: Read,
) {
  const isolates = [createIsolate(), createIsolate()] as const;
  for (const isolate of isolates) await isolate.call("/whoami", { key: bound });
  for (const seconds of times) {
    clock.at(seconds);
    await before(isolates[0], names.name);
    await before(isolates[1], names.missing);
    const hidden = await observe(isolates[0], names.name, read);
    const missing = await observe(isolates[1], names.missing, read);
    expect({ seconds, ...hidden }).toEqual({ seconds, ...missing });
    expect(hidden.status).toBe(404);
    // What goes on behind the answer is over before the next read.
    for (const isolate of isolates) {
      await isolate.call("/whoami", { key: unbound });
      await isolate.settle();
    }
    await settleObjects();
  }
}

/** For work in the background that a test holds up, or that goes on after a call of which it awaited the response alone. */
export const settle = async () => await new Promise((resolve) => setTimeout(resolve, 20));
