/** The machinery of `npm run scale`, on a small deployment. What it shows of a large one: docs/scale.md. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { plotOf } from "../../bench/plot.ts";
import { type ScaleSetting, simulateDeployment } from "../../bench/scale/deployment.ts";
import { createLocations } from "../../bench/scale/locations.ts";
import { BusyObject, callObject } from "../../bench/scale/network.ts";
import { REGIONS, roundTripMs } from "../../bench/scale/regions.ts";
import { loadsTable, type Run, tierLatencies, tiersTable } from "../../bench/scale/report.ts";
import { type Answer, ScaledIsolate } from "../../bench/scale/scaled-isolate.ts";
import { replaceBetween } from "../../dev/markdown.ts";
import { createAgenda } from "./agenda.ts";

const SETTING: ScaleSetting = {
  seed: 1,
  isolates: 30,
  ratePerIsolate: 2,
  leaseSeconds: 5,
  relaysPerRegion: 0,
  hotKeyShare: 0.5,
  startSeconds: 1,
  warmUpSeconds: 8,
  seconds: 9,
};

describe("a simulated deployment of 30 isolates", () => {
  test.each([0, 1])(
    "with %i relays a region, ignores no purge and no revocation after a lease",
    async (relays) => {
      const outcome = await simulateDeployment({ ...SETTING, relaysPerRegion: relays });
      for (const { ms, isCutOff } of [outcome.purge, outcome.revocation]) {
        // Some isolate uses what it knows until shortly before its end.
        expect(ms).toBeGreaterThan(2_000);
        expect(ms).toBeLessThan(5_000);
        expect(isCutOff).toBe(false);
      }
      expect(outcome.refusals).toEqual({ share: 0, lastAt: 0 });
      // An isolate asks once in half a lease and the time to the next request; a relay once a second.
      const expected = relays === 0 ? 30 / 3 : REGIONS.length;
      expect(outcome.directory.callsPerSecond).toBeGreaterThan(expected * 0.85);
      expect(outcome.directory.callsPerSecond).toBeLessThan(expected * 1.15);
      expect(outcome.directory.failedShare).toBe(0);
    },
  );

  test("says of a change that is ignored to the end that it took longer", async () => {
    const { purge, revocation } = await simulateDeployment({ ...SETTING, leaseSeconds: 30 });
    expect([purge.isCutOff, revocation.isCutOff]).toEqual([true, true]);
  });

  test("comes out the same for the same seed", async () => {
    const setting = { ...SETTING, seconds: 1 };
    expect(await simulateDeployment(setting)).toEqual(await simulateDeployment(setting));
  });
});

test("after a start of 2,500 isolates at once, callers without a lease get 503 for a while", async () => {
  const setting = {
    ...SETTING,
    isolates: 2_500,
    hotKeyShare: 1,
    startSeconds: 0,
    warmUpSeconds: 0,
    seconds: 1.5,
  };
  const { refusals } = await simulateDeployment(setting);
  expect(refusals.share).toBeGreaterThan(0.01);
  expect(refusals.share).toBeLessThan(0.5);
  // The first are refused when their calls have taken a second.
  expect(refusals.lastAt).toBeGreaterThan(1_000);
});

describe("an isolate whose key's object fails", () => {
  /** What is answered to a request each second; the object fails from `failsFrom` on, in ms. */
  async function answersIf(failsFrom: number): Promise<Answer[]> {
    const agenda = createAgenda();
    const answers: Answer[] = [];
    const [location] = createLocations(() => 0.5);
    if (location === undefined) throw new Error("There are no locations.");
    const isolate = new ScaledIsolate({
      agenda,
      random: () => 0.5,
      location,
      leaseSeconds: 5,
      askForPurges: () => Promise.resolve(0),
      askForHotKey: () =>
        agenda.now() >= failsFrom ? Promise.reject(new Error("It fails.")) : Promise.resolve(false),
      onAnswer: (answer) => answers.push(answer),
    });
    for (let second = 0; second < 8; second += 1) agenda.after(second * 1_000, () => isolate.request(true));
    while (agenda.step()) for (let turn = 0; turn < 16; turn += 1) await null;
    return answers;
  }

  test("answers 503 without a lease, which ignores no purge", async () => {
    const answers = await answersIf(0);
    expect(answers).toHaveLength(8);
    for (const { isRefused, isAdmittedByHotKey, knownPurge } of answers)
      expect({ isRefused, isAdmittedByHotKey, knownPurge }).toEqual({
        isRefused: true,
        isAdmittedByHotKey: false,
        knownPurge: Number.POSITIVE_INFINITY,
      });
  });

  test("honours a lease that it has, also in its grace", async () => {
    const answers = await answersIf(1_000);
    expect(answers).toHaveLength(8);
    expect(answers.every((one) => one.isAdmittedByHotKey && !one.isRefused)).toBe(true);
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

test("a plot has a line for each series, marks and flags, and draws what is above its top at the top", () => {
  const labels = { title: "Load", x: "isolates", y: "calls", flag: { sign: "×", name: "calls fail" } };
  const svg = plotOf(
    [
      {
        name: "a < b",
        points: [
          [1, 0],
          [10, 50],
          [100, 200, true],
        ],
      },
    ],
    labels,
    100,
    [{ y: 50, name: "limit" }],
  );
  expect(svg.match(/<polyline /g)).toHaveLength(1);
  expect(svg).toContain('points="70.0,330.0 295.0,185.0 520.0,40.0"');
  expect(svg).toContain("a &lt; b");
  expect(svg).toContain(">isolates (logarithmic)</text>");
  expect(svg).toContain('<text x="530.0" y="189.0" >limit</text>');
  expect(svg.match(/>×<\/text>/g)).toHaveLength(1);
  expect(svg).toContain('<text x="520.0" y="44.0" text-anchor="middle">×</text>');
  expect(svg).toContain(">× calls fail</text>");
});

describe("the tables of npm run scale", () => {
  const load = { callsPerSecond: 1_225.4, p99WaitMs: 0, failedShare: 0.001 };
  const runs: Run[] = [
    {
      design: { name: "today", leaseSeconds: 5, relaysPerRegion: 0, seconds: 15 },
      isolates: 5_000,
      directory: load,
      hotKey: load,
      relay: null,
      changeCallMs: 0,
      refusals: { share: 0.123, lastAt: 41_400 },
      purge: { ms: 11_540, isCutOff: true },
      revocation: { ms: 4_900, isCutOff: false },
      tiers: [
        { tier: "memory", share: 0.1, percentiles: [0.2, 0.2, 0.2, 0.2] },
        { tier: "all", share: 1, percentiles: [3, 200, 300, 400] },
      ],
    },
  ];

  test("say how many callers got 503 and until when, and which bounds are longer than was seen", () => {
    const row = loadsTable("Isolates", runs).split("\n")[2] ?? "";
    const cells = row.split("|").map((cell) => cell.trim());
    expect(cells.slice(1, 7)).toEqual(["today: 5,000", "1,225", "< 1 %", "1,225", "< 1 %", ""]);
    expect(cells.slice(7, -1)).toEqual(["", "12 %, until 41 s", "≥ 11.5 s", "4.9 s"]);
  });

  test("say of each tier how many answers it has", () => {
    const table = tiersTable(runs);
    expect(table).toContain("| today: 5,000, memory  | 10.0 %");
    expect(table).toContain("| today: 5,000, **all** | 100.0 %        | 3.0 | 200.0 | 300.0 | 400.0 |");
  });

  test("divide the answers among the tiers", () => {
    const answer = { at: 0, isRefused: false, knownPurge: 0, isAdmittedByHotKey: false };
    const answers: Answer[] = [1, 2, 3, 4].map((ms) => ({
      ...answer,
      ms,
      tier: ms === 4 ? "miss" : "memory",
    }));
    const shares = tierLatencies(answers).map(({ tier, share, percentiles }) => [
      tier,
      share,
      percentiles[0],
    ]);
    expect(shares).toEqual([
      ["memory", 0.75, 2],
      ["memory, after a wait", 0, 0],
      ["KV", 0, 0],
      ["KV, cold", 0, 0],
      ["miss", 0.25, 4],
      ["all", 1, 3],
    ]);
  });
});

test("docs/scale.md says in words how many callers of 10,000 isolates get 503 after a deployment", () => {
  const page = readFileSync("docs/scale.md", "utf8");
  const [, table = ""] = page.split("writes: deployment -->");
  const [, share] = /leases of 30 s: 10,000 +\|.*\| (\d+) %, until \d+ s/.exec(table) ?? [];
  expect(page.replace(/\s+/g, " ")).toContain(`${share} % of the callers then get 503`);
});

test("docs/scale.md has a place for each table of npm run scale", () => {
  const page = readFileSync("docs/scale.md", "utf8");
  for (const name of ["loads", "deployment", "limited", "tiers"])
    expect(() =>
      replaceBetween(page, `<!-- \`npm run scale\` writes: ${name} -->\n`, `<!-- end: ${name} -->\n`, ""),
    ).not.toThrow();
});
