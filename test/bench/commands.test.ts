/** The command lines of the measurements: a wrong one is an error before anything is built, and help is no run. */
import { expect, test } from "vitest";
import { BENCH, BENCH_COST, CHECK_SPEED, PERCENTILES, PROFILE } from "../../bench/commands.ts";
import { PROFILED_SCENARIOS } from "../../bench/scenario-names.ts";
import { parseOptions } from "../../dev/command-line.ts";

test.each([["--help"], ["-h"], ["--scenario=none", "--help"], ["--unknown", "--help"]])(
  "%s asks for the usage, whatever else is wrong",
  (...args) => {
    expect(parseOptions(PROFILE, args)).toEqual({ kind: "help" });
  },
);

test.each([
  [["--unknown"], /Unknown option '--unknown'/],
  [["hit_cors"], /Unexpected argument 'hit_cors'/],
  [["--scenario"], /argument missing/],
  [["--scenario", "hit_cros"], /^There is no scenario hit_cros\.$/],
  // Its Worker is not Postern.
  [["--scenario", "bare"], /^There is no scenario bare\.$/],
])("npm run profile %s is refused", (args, problem) => {
  expect(parseOptions(PROFILE, args)).toEqual({ kind: "invalid", problem: expect.stringMatching(problem) });
});

test.each(["0", "-1", "x", "Infinity", ""])("a load of %j seconds is refused", (seconds) => {
  const problem = "--seconds must be a number above 0.";
  const args = [`--seconds=${seconds}`];
  expect(parseOptions(BENCH_COST, args)).toEqual({ kind: "invalid", problem });
  expect(parseOptions(PERCENTILES, args)).toEqual({ kind: "invalid", problem });
});

test("a right command line has its options, or their defaults", () => {
  expect(parseOptions(PROFILE, [])).toEqual({ kind: "run", values: { scenario: "hit" } });
  const values = { seconds: "0.5", sparse: true };
  expect(parseOptions(BENCH_COST, ["--sparse", "--seconds", "0.5"])).toEqual({ kind: "run", values });
});

test("each usage text names the command's options and scenarios, in 80 columns", () => {
  for (const { usage, options } of [BENCH, BENCH_COST, CHECK_SPEED, PERCENTILES, PROFILE]) {
    for (const name of Object.keys(options)) expect(usage).toContain(`  --${name} `);
    for (const line of usage.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  }
  const listed = PROFILE.usage.split("one of")[1]?.match(/\w+/g);
  expect(listed).toEqual([...PROFILED_SCENARIOS]);
});
