/** The command lines of the measurements that need the packages of this folder. This file needs none of them. */
import { checkPositive } from "../dev/command-line.ts";
import { PROFILED_SCENARIOS } from "./scenario-names.ts";

export const BENCH = {
  usage: `Usage: npm run bench -- [--json] [--smoke]

Measures the speed of a hit and the cost of requests, and compares both with
peers (docs/performance.md). Takes about ten minutes.

Options:
  --json   one document in the last line
  --smoke  everything once with few requests, to see that it runs: the figures
           mean nothing`,
  options: { json: { type: "boolean", default: false }, smoke: { type: "boolean", default: false } },
} as const;

export const BENCH_COST = {
  usage: `Usage: npm run bench:cost -- [--sparse] [--seconds <n>]

Counts the operations of the mixed load at every rate, and computes what it
costs beside what was assembled (docs/performance.md). Takes a few minutes. It
measures no time, so the machine may be busy.

Options:
  --sparse       only the rate of the ratio sparse_cost_vs_assembled
  --seconds <n>  the length of the load and of its warm-up (default: 60)`,
  options: { sparse: { type: "boolean", default: false }, seconds: { type: "string", default: "60" } },
  check: ({ seconds }: { seconds: string }) => checkPositive("seconds", seconds),
} as const;

export const PERCENTILES = {
  usage: `Usage: npm run percentiles -- [--seconds <n>] [--json] [--smoke]

Measures latencies by tier, at half and at nine tenths of what each Worker can
answer, in an open loop (docs/performance.md). Takes about six minutes, and
draws docs/images/percentiles.svg.

Options:
  --seconds <n>  for how long each row is measured at most (default: 9)
  --json         one line of JSON in addition
  --smoke        everything for a moment, to see that it runs: draws nothing`,
  options: {
    json: { type: "boolean", default: false },
    seconds: { type: "string", default: "9" },
    smoke: { type: "boolean", default: false },
  },
  check: ({ seconds }: { seconds: string }) => checkPositive("seconds", seconds),
} as const;

const SCENARIOS = PROFILED_SCENARIOS.join(", ");
const isProfiled = (name: string) => PROFILED_SCENARIOS.some((one) => one === name);

export const PROFILE = {
  usage: `Usage: npm run profile -- [--scenario <name>]

Shows which functions the CPU time of a request goes to (docs/performance.md).
Takes about a minute. Writes a flame graph and a profile for Chrome DevTools
into dist/profile/.

Options:
  --scenario <name>  what is requested (default: hit), one of
                     ${SCENARIOS.replaceAll(/(.{1,56})(?:, |$)/g, "$1,\n                     ").replace(/,\s*$/, "")}`,
  options: { scenario: { type: "string", default: "hit" } },
  check: ({ scenario }: { scenario: string }) =>
    isProfiled(scenario) ? null : `There is no scenario ${scenario}.`,
} as const;

export const CHECK_SPEED = {
  usage: `Usage: npm run check:speed -- [--accept]

Fails if a request costs more operations than bench/expected-operations.json
says, or if a hit takes too much CPU time. Takes about a minute.

Options:
  --accept  write the operations as they are now into the file`,
  options: { accept: { type: "boolean", default: false } },
} as const;
