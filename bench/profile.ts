/**
 * `npm run profile`: which functions the CPU time of a hit goes to (`docs/performance.md`). `-- --scenario hit_cors`
 * profiles another scenario of the bench in which Postern answers (`scenarios.ts`). Prints two tables, and writes a flame
 * graph and a profile for Chrome DevTools.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { build } from "../dev/build.ts";
import { readOptions } from "../dev/command-line.ts";
import { callTreeOf, labelOf, type Share, sharesBy } from "./call-tree.ts";
import { PROFILE } from "./commands.ts";
import { type CpuProfile, placeInSource } from "./cpu-profile.ts";
import { flameGraphOf } from "./flame-graph.ts";
import { openInspector } from "./inspector.ts";
import { runLoad } from "./load.ts";
import { printTable } from "./print-table.ts";
import { PROCESSORS, pin } from "./processors.ts";
import { WORKER_TARGET } from "./running-worker.ts";
import { comparedScenarios, otherScenarios, type Scenario } from "./scenarios.ts";
import { ASSEMBLED, BARE, BARE_KV, POSTERN, SANDBOX } from "./settings.ts";
import { startStage } from "./stage.ts";

const options = readOptions(PROFILE);

const FOLDER = "dist/profile";
/** Between two samples, in microseconds. A shorter interval would mostly measure the profiler. */
const SAMPLING_INTERVAL_US = 200;
/** The load of the bench for this scenario, so many times. */
const RUNS = 2;
/** A function with a smaller share of the time is left out of the table. */
const MIN_SHARE = 0.005;

// As it is deployed, but for the names: minified, V8 could not tell them.
const postern = await build(POSTERN, undefined, ["--no-minify"]);
const stage = await startStage(
  {
    postern,
    sandbox: await build(SANDBOX),
    assembled: await build(ASSEMBLED),
    bare: await build(BARE),
    bareKv: await build(BARE_KV),
  },
  true,
);
if (PROCESSORS !== null) pin(process.pid, PROCESSORS.load);
const scenario = findScenario();
const requests = scenario.requests * RUNS;
const profile = placeInSource(await record(scenario), new SourceMap(JSON.parse(String(postern.sourceMap))));
await stage.stop();

const tree = callTreeOf(profile);
const ms = tree.totalUs / 1_000;
const title = `${scenario.label}: ${requests.toLocaleString("en")} requests, ${ms.toFixed(0)} ms of CPU time`;
console.log(`${title}\n`);
printShares(
  "Where",
  sharesBy(tree, ({ place }) => place),
);
printShares("Function", sharesBy(tree, labelOf));
mkdirSync(FOLDER, { recursive: true });
const file = `${FOLDER}/${scenario.name}`;
writeFileSync(`${file}.svg`, flameGraphOf(tree, title));
writeFileSync(`${file}.cpuprofile`, JSON.stringify(profile));
console.log("self: in the function or file itself. total: with all that it called.");
console.log(`Flame graph: ${file}.svg. For Chrome DevTools or speedscope: ${file}.cpuprofile.`);
process.exit(0);

function findScenario(): Scenario {
  const all = [...comparedScenarios(stage), ...otherScenarios(stage)];
  const found = all.find(({ name }) => name === options.scenario);
  // Only Workers of Postern have a debugger.
  if (found?.worker?.inspector === undefined) throw new Error(`${options.scenario} cannot be profiled.`);
  return found;
}

async function record({ load, requests: perRun, worker }: Scenario): Promise<CpuProfile> {
  // This fills the cache, and lets V8 compile what is hot.
  await runLoad(load, perRun, false);
  const inspector = await openInspector(worker?.inspector, WORKER_TARGET);
  await inspector.send("Profiler.enable");
  await inspector.send("Profiler.setSamplingInterval", { interval: SAMPLING_INTERVAL_US });
  await inspector.send("Profiler.start");
  for (let run = 0; run < RUNS; run += 1) await runLoad(load, perRun, true);
  const { profile: recorded } = await inspector.send<{ profile: CpuProfile }>("Profiler.stop");
  inspector.close();
  return recorded;
}

function printShares(what: string, shares: ReadonlyMap<string, Share>): void {
  const percent = (share: number) => (share * 100).toFixed(1);
  printTable(
    [what, "self %", "total %"],
    [...shares]
      .filter(([, { self }]) => self >= MIN_SHARE)
      .map(([name, { self, total }]) => [name, percent(self), percent(total)]),
  );
}
