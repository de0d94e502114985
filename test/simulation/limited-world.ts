/**
 * A rate limit on a virtual clock: isolates and the object of one key. They run the product's own `TokenPool` and
 * ledger. The rest is made up: how long messages take, which are lost, when isolates end, and whose clocks are wrong.
 */
import { createAgenda } from "./agenda.ts";
import { createUniform } from "./load.ts";
import { SimulatedIsolate } from "./simulated-isolate.ts";
import { SimulatedObject } from "./simulated-object.ts";
import { between, type Setting, type World } from "./world.ts";

export interface Outcome {
  /** When each token of the object was spent, and so its call admitted: ms from the beginning, in order. */
  readonly admitted: readonly number[];
  /** Calls that isolates admitted by themselves, since the object did not respond. */
  readonly admittedLocally: number;
  readonly refused: number;
  readonly objectCalls: number;
  /** How long each call waited until it was admitted or refused, in ms, in no order. */
  readonly waitsMs: readonly number[];
}

export function simulate(setting: Setting): Outcome {
  const agenda = createAgenda();
  const random = createUniform(setting.seed);
  const world: World = {
    setting,
    agenda,
    random,
    admitted: [],
    admittedLocally: 0,
    refused: 0,
    objectCalls: 0,
    waitsMs: [],
  };
  const object = new SimulatedObject(world);
  let isolatesSoFar = 0;
  const createIsolate = () => new SimulatedIsolate(world, object, `isolate ${isolatesSoFar++}`);
  const isolates = Array.from({ length: setting.isolates }, createIsolate);
  const lastMs = setting.calls.at(-1)?.[0] ?? 0;
  for (let ms = 0; ms < lastMs; ms += 100) {
    if (random() >= (setting.endsPerSecond ?? 0) / 10) continue;
    agenda.after(ms, () => void isolates.splice(between(random, 0, isolates.length), 1, createIsolate()));
  }
  agenda.run(setting.calls, ([, index]) => isolates[index]?.call());
  const { admitted, admittedLocally, refused, objectCalls, waitsMs } = world;
  return { admitted: admitted.sort((a, b) => a - b), admittedLocally, refused, objectCalls, waitsMs };
}
