/** The machinery of `npm run scale`, on a small deployment. What it shows of a large one: docs/scale.md. */
import { describe, expect, test } from "vitest";
import { plotOf } from "../../bench/plot.ts";
import { type ScaleSetting, simulateDeployment } from "../../bench/scale/deployment.ts";
import { BusyObject, callObject } from "../../bench/scale/network.ts";
import { REGIONS, roundTripMs } from "../../bench/scale/regions.ts";
import { createAgenda } from "./agenda.ts";

const SETTING: ScaleSetting = {
  seed: 1,
  isolates: 30,
  ratePerIsolate: 2,
  leaseSeconds: 5,
  relaysPerRegion: 0,
  hotKeyShare: 0.5,
  startSeconds: 1,
  seconds: 9,
};

describe("a simulated deployment of 30 isolates", () => {
  test.each([0, 1])(
    "with %i relays a region, ignores no purge and no revocation after a lease",
    async (relays) => {
      const outcome = await simulateDeployment({ ...SETTING, relaysPerRegion: relays });
      for (const ms of [outcome.purgeBoundMs, outcome.revocationBoundMs]) {
        // Some isolate uses what it knows until shortly before its end.
        expect(ms).toBeGreaterThan(2_000);
        expect(ms).toBeLessThan(5_000);
      }
      // An isolate asks once in half a lease and the time to the next request; a relay once a second.
      const expected = relays === 0 ? 30 / 3 : REGIONS.length;
      expect(outcome.directory.callsPerSecond).toBeGreaterThan(expected * 0.85);
      expect(outcome.directory.callsPerSecond).toBeLessThan(expected * 1.15);
      expect(outcome.directory.failedShare).toBe(0);
    },
  );

  test("comes out the same for the same seed", async () => {
    const setting = { ...SETTING, seconds: 1 };
    expect(await simulateDeployment(setting)).toEqual(await simulateDeployment(setting));
  });
});

test("an object handles calls one after the other, and refuses one that would wait too long", () => {
  const object = new BusyObject({ region: 0, localMs: 0 });
  expect([object.handledAt(10), object.handledAt(10), object.handledAt(20)]).toEqual([11, 12, 21]);
  for (let call = 0; call < 5_000; call += 1) object.handledAt(20);
  expect(object.handledAt(20)).toBeNull();
});

test("a call takes the way there and back and the object's time, or fails after a second", async () => {
  const agenda = createAgenda();
  const [near, far] = [
    { region: 0, localMs: 0 },
    { region: 10, localMs: 10 },
  ];
  const object = new BusyObject(near);
  const at = callObject(agenda, far, object, () => null).then(() => agenda.now());
  const ended = (async () => {
    while (agenda.step()) for (let turn = 0; turn < 4; turn += 1) await null;
  })();
  expect(await at).toBe(roundTripMs(0, 10) + 10 + 1);
  await ended;
  for (let call = 0; call < 1_500; call += 1) object.handledAt(agenda.now());
  const late = expect(callObject(agenda, near, object, () => null)).rejects.toThrow("is overloaded");
  agenda.run();
  await late;
  expect(object.failed).toBe(1);
});

test("the regions have 300 locations, all of the traffic, and a way between any two", () => {
  expect(REGIONS.reduce((sum, { locations }) => sum + locations, 0)).toBe(300);
  expect(REGIONS.reduce((sum, { traffic }) => sum + traffic, 0)).toBeCloseTo(1);
  const indexes = [...REGIONS.keys()];
  const wrong = indexes.flatMap((one) =>
    indexes.filter((other) => {
      const ms = roundTripMs(one, other);
      return ms !== roundTripMs(other, one) || ms > 0 !== (one !== other);
    }),
  );
  expect(wrong).toEqual([]);
});

test("a plot has a line for each series, and draws what is above its top at the top", () => {
  const labels = { title: "Load", x: "isolates", y: "calls" };
  const svg = plotOf(
    [
      {
        name: "a < b",
        points: [
          [1, 0],
          [10, 50],
          [100, 200],
        ],
      },
    ],
    labels,
    100,
    { y: 50, name: "limit" },
  );
  expect(svg.match(/<polyline /g)).toHaveLength(1);
  expect(svg).toContain('points="70.0,330.0 295.0,185.0 520.0,40.0"');
  expect(svg).toContain("a &lt; b");
});
