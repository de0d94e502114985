/**
 * `npm run check:speed`: fails if a request costs more operations than `expected-operations.json` says, or if a hit takes
 * too much CPU time. It takes about a minute, and counts operations and CPU time only, since a machine that runs the
 * checks is busy with other things. `-- --accept` writes the operations as they are now into the file.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "../dev/build.ts";
import { readOptions } from "../dev/command-line.ts";
import { CHECK_SPEED } from "./commands.ts";
import { startCountedWorker } from "./counted-worker.ts";
import { measureHitCpuRatio } from "./hit-cpu-ratio.ts";
import { BUSY, countMix } from "./mixed-load.ts";
import { type CountsByKind, compareOperations, lowerCounts } from "./operation-changes.ts";
import { countKinds } from "./request-kinds.ts";
import { BARE, POSTERN, SANDBOX } from "./settings.ts";

// workerd must not call Cloudflare.
process.env["CLOUDFLARE_CF_FETCH_ENABLED"] ??= "false";

const options = readOptions(CHECK_SPEED);

const EXPECTED = "bench/expected-operations.json";
/** Three seconds of each kind of request: a lease of the default length is renewed in them. */
const COUNTED_REQUESTS = 300;
const MIX_SECONDS = 2;
/** The CPU time of a hit divided by that of a bare Worker. The bench sees 1.2 to 1.3. */
const MAX_CPU_RATIO = 1.6;

const counted = await build(POSTERN, "bench/counted/postern.ts");
const expected = JSON.parse(readFileSync(EXPECTED, "utf8")) as CountsByKind;
let counts = await countOperations();
if (options.accept) {
  writeFileSync(EXPECTED, `${JSON.stringify(counts, null, 2)}\n`);
  console.log(`${EXPECTED} has the operations of today.`);
  process.exit(0);
}
if (compareOperations(counts, expected).rises.length > 0) {
  counts = lowerCounts(counts, await countOperations());
}
const { rises, falls } = compareOperations(counts, expected);
for (const line of [...rises, ...falls]) console.log(line);
if (falls.length > 0) console.log("`npm run check:speed -- --accept` keeps what fell from rising again.");
if (rises.length > 0) {
  console.log(
    "Requests cost more than before. If that is on purpose, `npm run check:speed -- --accept` writes the new counts into " +
      `${EXPECTED}; commit it, and say in the commit what the operations buy.`,
  );
} else {
  console.log("No kind of request costs more operations than before.");
}
const isFast = await checkCpuRatio();
process.exit(rises.length === 0 && isFast ? 0 : 1);

async function countOperations(): Promise<CountsByKind> {
  const kinds = await startCountedWorker(POSTERN, counted);
  const byKind = await countKinds(kinds, true, COUNTED_REQUESTS);
  await kinds.stop();
  const mixed = await startCountedWorker(POSTERN, counted);
  const mix = await countMix(mixed, BUSY, MIX_SECONDS);
  await mixed.stop();
  return { ...byKind, mix };
}

/** Code is laid out and compiled differently at each start, so a hit that seems slow gets a second one. */
async function checkCpuRatio(): Promise<boolean> {
  const builds = { postern: await build(POSTERN), sandbox: await build(SANDBOX), bare: await build(BARE) };
  let least = Number.POSITIVE_INFINITY;
  for (let start = 1; start <= 2 && least > MAX_CPU_RATIO; start += 1) {
    const ratio = await measureHitCpuRatio(builds);
    if (ratio === null) {
      console.log("This platform does not report CPU time, so that of a hit is not checked.");
      return true;
    }
    least = Math.min(least, ratio);
  }
  console.log(
    `A hit takes ${least.toFixed(2)} times the CPU time of a bare Worker; at most ${MAX_CPU_RATIO}.`,
  );
  if (least > MAX_CPU_RATIO) {
    console.log("`npm run profile` shows where the time goes. The bound is in bench/check-speed.ts.");
  }
  return least <= MAX_CPU_RATIO;
}
