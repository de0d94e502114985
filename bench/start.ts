/**
 * Starts a measurement that needs the packages of this folder, by its name, such as `profile`. Its options are checked
 * before the packages are installed and anything is built.
 */
import { execFileSync } from "node:child_process";
import { readOptions } from "../dev/command-line.ts";
import { BENCH, BENCH_COST, CHECK_SPEED, PERCENTILES, PROFILE } from "./commands.ts";

const COMMANDS = {
  bench: [() => readOptions(BENCH), () => import("./bench.ts")],
  cost: [() => readOptions(BENCH_COST), () => import("./cost.ts")],
  percentiles: [() => readOptions(PERCENTILES), () => import("./percentiles.ts")],
  profile: [() => readOptions(PROFILE), () => import("./profile.ts")],
  "check-speed": [() => readOptions(CHECK_SPEED), () => import("./check-speed.ts")],
} as const;

const [name = ""] = process.argv.splice(2, 1);
const command = Object.entries(COMMANDS).find(([one]) => one === name)?.[1];
if (command === undefined) throw new Error(`There is no measurement ${name}.`);
const [checkOptions, run] = command;
checkOptions();
execFileSync("npm", ["run", "--silent", "bench:install"], {
  stdio: "inherit",
  shell: process.platform === "win32",
});
await run();
