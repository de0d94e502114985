/** The leases of an isolate, with a clock and a key's object that the test moves and answers for. */
import { vi } from "vitest";
import { type Lease, type LeaseSource, Leases } from "../../src/keys/lease.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import { recordOf } from "./record.ts";

export const KEY_ID = "0000000000000000";

export const record = (name: string) => recordOf({ key_id: KEY_ID, name });

/** The leases of an isolate. The test moves the clock, and answers for the key's object. */
export function createLeases() {
  const leases = new Leases({ leaseSeconds: 10, leaseGraceSeconds: 60 }, () => 0);
  const clock = { seconds: 1_000 };
  const requests: PromiseWithResolvers<KeyRecord | null>[] = [];
  const background: Promise<unknown>[] = [];
  const fetchLease = vi.fn<(keyId: string, isBlocking: boolean) => Promise<KeyRecord | null>>(async () => {
    const request = Promise.withResolvers<KeyRecord | null>();
    requests.push(request);
    return await request.promise;
  });
  const source: LeaseSource = {
    fetchLease: async (keyId, isBlocking, store) => store(await fetchLease(keyId, isBlocking)),
    now: () => clock.seconds * 1_000,
    waitUntil: (work: Promise<unknown>) => void background.push(work),
  };
  const useLease = async (keyId = KEY_ID, generation = 1): Promise<Lease | null> => {
    const key = { keyId, generation, isOfPreviousSecret: false };
    return leases.cachedLease(key, source.now(), source) ?? (await leases.acquireLease(key, source));
  };
  /** Asks for a token, and so for the lease, whatever is under way. */
  const askForToken = async () => await leases.fetchAndStore(KEY_ID, source.now(), source);
  /** As a call does that finds few tokens. */
  const renew = () => leases.renewInBackground(KEY_ID, source.now(), source);
  /** Settles the request of this number, and runs all that depends on it. */
  const answer = async (number: number, result: KeyRecord | null | Error) => {
    if (result instanceof Error) requests[number]?.reject(result);
    else requests[number]?.resolve(result);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  /** Uses the lease, and answers the request at once. */
  const useAnswered = async (result: KeyRecord | null = record("first")) => {
    const lease = useLease();
    await answer(requests.length - 1, result);
    return await lease;
  };
  return {
    leases,
    clock,
    requests,
    background,
    fetchLease,
    useLease,
    askForToken,
    renew,
    answer,
    useAnswered,
  };
}
