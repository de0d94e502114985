/**
 * A deployment of many isolates on a virtual clock. Isolates run the product's own `PurgeSync`, `PurgeList` and `Leases`.
 * The rest is made up: requests, distances, KV, and how long an object takes.
 */
import { type Agenda, createAgenda } from "../../test/simulation/agenda.ts";
import { createUniform } from "../../test/simulation/load.ts";
import { percentile } from "../percentile.ts";
import { createLocations, pickLocation } from "./locations.ts";
import { BusyObject, callObject, distanceMs } from "./network.ts";
import { HOME, REGIONS } from "./regions.ts";
import { type Answer, ScaledIsolate } from "./scaled-isolate.ts";

export interface ScaleSetting {
  readonly seed: number;
  readonly isolates: number;
  /** Requests a second of an isolate, on average. */
  readonly ratePerIsolate: number;
  readonly leaseSeconds: number;
  /** Relays of each region, which isolates ask in place of the Directory and of the hot key's object; 0 for none. */
  readonly relaysPerRegion: number;
  /** The share of requests that come with one key, whose object is at home. The others have keys of their location. */
  readonly hotKeyShare: number;
  /** The isolates get their first requests within so many seconds; 0 for all at once, as after a deployment. */
  readonly startSeconds: number;
  /** After the start of the last isolate. */
  readonly warmUpSeconds: number;
  /** Measured, after the warm-up. A purge and a revocation come after a third of it. */
  readonly seconds: number;
}

export interface ScaleOutcome {
  /** Those that were measured, but for refusals. */
  readonly answers: readonly Answer[];
  readonly refusals: Refusals;
  readonly directory: ObjectLoad;
  readonly hotKey: ObjectLoad;
  /** The busiest relay; null if there is none. */
  readonly relay: ObjectLoad | null;
  /** How long the admin call that purged and revoked took. */
  readonly changeCallMs: number;
  readonly purge: Bound;
  readonly revocation: Bound;
}

/** What callers were answered with 503, from the first request on, the warm-up included. */
interface Refusals {
  /** As a share of all answers. */
  readonly share: number;
  /** When the last one was sent, in ms from the beginning; 0 if there was none. */
  readonly lastAt: number;
}

/** How long a change of an operator was ignored. */
export interface Bound {
  /** From the answer of the admin call to the last answer that ignored the change; 0 if none did. */
  readonly ms: number;
  /** True if answers ignored it until the simulation ended, so that `ms` is too short. */
  readonly isCutOff: boolean;
}

interface ObjectLoad {
  readonly callsPerSecond: number;
  readonly p99WaitMs: number;
  /** The share of calls that timed out or were refused. */
  readonly failedShare: number;
}

/** What isolates have to learn. */
interface Known {
  /** The number of the latest purge. */
  readonly latest: number;
  /** Whether the hot key is revoked. */
  readonly isRevoked: boolean;
}

/** An object of a region that answers isolates with what it has heard. */
interface Relay {
  readonly object: BusyObject;
  known: Known;
}

const NOTHING: Known = { latest: 0, isRevoked: false };
/** How often a relay asks for what it may have missed, and shows that it lives. */
const HEARTBEAT_MS = 1_000;
/** A change that is ignored so shortly before the last request would be ignored after it, too. */
const CUT_OFF_MS = 1_000;
/** More than the turns of the promise queue that an answer of an object takes in the product's code. */
const PROMISE_TURNS = 16;

export async function simulateDeployment(setting: ScaleSetting): Promise<ScaleOutcome> {
  const random = createUniform(setting.seed);
  const agenda = createAgenda();
  const locations = createLocations(random);
  const home = { region: HOME, localMs: 2 };
  const directory = new BusyObject(home);
  const hotKey = new BusyObject(home);
  const relays = REGIONS.map((_, region) =>
    Array.from({ length: setting.relaysPerRegion }, (): Relay => {
      return { object: new BusyObject({ region, localMs: 2 }), known: NOTHING };
    }),
  );
  const measuredFrom = (setting.startSeconds + setting.warmUpSeconds) * 1_000;
  const endsAt = measuredFrom + setting.seconds * 1_000;
  const answers: Answer[] = [];
  let answered = 0;
  let refused = 0;
  let lastRefusedAt = 0;
  let known = NOTHING;
  const changeAt = measuredFrom + (setting.seconds * 1_000) / 3;
  // The Directory answers the admin call once each relay has taken the change.
  const changeCallMs = Math.max(0, ...relays.flat().map(({ object }) => distanceMs(home, object.place)));

  for (let index = 0; index < setting.isolates; index += 1) {
    const location = pickLocation(locations, random);
    const own = relays[location.region] ?? [];
    const relay = own[Math.floor(random() * own.length)];
    const isolate = new ScaledIsolate({
      agenda,
      random,
      location,
      leaseSeconds: setting.leaseSeconds,
      askForPurges: async () =>
        await callObject(agenda, location, relay?.object ?? directory, () => (relay?.known ?? known).latest),
      askForHotKey: async () =>
        await callObject(agenda, location, relay?.object ?? hotKey, () => (relay?.known ?? known).isRevoked),
      onAnswer: (answer) => {
        answered += 1;
        if (answer.isRefused) {
          refused += 1;
          lastRefusedAt = answer.at;
        } else if (answer.at >= measuredFrom) answers.push(answer);
      },
    });
    const next = () => {
      const ms = (-Math.log(1 - random()) * 1_000) / setting.ratePerIsolate;
      agenda.after(ms, () => {
        if (agenda.now() >= endsAt) return;
        isolate.request(random() < setting.hotKeyShare);
        next();
      });
    };
    agenda.after(random() * setting.startSeconds * 1_000, next);
  }
  for (const relay of relays.flat()) {
    for (const object of [directory, hotKey]) beat(agenda, relay, object, () => known, endsAt);
  }
  agenda.after(measuredFrom, () => {
    for (const object of [directory, hotKey, ...relays.flat().map((one) => one.object)]) object.resetCounts();
  });
  agenda.after(changeAt, () => {
    known = { latest: 1, isRevoked: true };
    for (const relay of relays.flat()) {
      agenda.after(distanceMs(home, relay.object.place) / 2, () => {
        relay.known = known;
      });
    }
  });
  while (agenda.step()) {
    for (let turn = 0; turn < PROMISE_TURNS; turn += 1) await null;
  }

  const boundOf = (ignores: (answer: Answer) => boolean): Bound => {
    const last = answers.findLast((one) => one.at > changeAt && ignores(one));
    if (last === undefined) return { ms: 0, isCutOff: false };
    return {
      ms: Math.max(0, last.at - changeAt - changeCallMs),
      isCutOff: last.at > endsAt - CUT_OFF_MS,
    };
  };
  const loadOf = ({ waits, calls, failed }: BusyObject): ObjectLoad => ({
    callsPerSecond: calls / setting.seconds,
    p99WaitMs: percentile(waits, 0.99),
    failedShare: calls === 0 ? 0 : Math.min(1, failed / calls),
  });
  const busiest = relays.flat().sort((one, other) => other.object.calls - one.object.calls)[0];
  return {
    answers,
    refusals: { share: refused / answered, lastAt: lastRefusedAt },
    directory: loadOf(directory),
    hotKey: loadOf(hotKey),
    relay: busiest === undefined ? null : loadOf(busiest.object),
    changeCallMs,
    purge: boundOf(({ knownPurge }) => knownPurge < known.latest),
    revocation: boundOf(({ isAdmittedByHotKey }) => isAdmittedByHotKey),
  };
}

/** A relay asks an object for what it may have missed, again and again. */
function beat(agenda: Agenda, relay: Relay, object: BusyObject, known: () => Known, endsAt: number): void {
  if (agenda.now() >= endsAt) return;
  callObject(agenda, relay.object.place, object, known).then(
    (latest) => {
      if (latest.latest > relay.known.latest) relay.known = latest;
    },
    () => {},
  );
  agenda.after(HEARTBEAT_MS, () => beat(agenda, relay, object, known, endsAt));
}
