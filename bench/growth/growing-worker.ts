/** Starts the Worker of `bench/counted/growing.ts`, and measures the CPU time of what it is told to do. */
import type { Built } from "../../dev/build.ts";
import { openHeap } from "../heap.ts";
import { PROCESSORS } from "../processors.ts";
import { startWorker } from "../running-worker.ts";
import { POSTERN, varsOf } from "../settings.ts";

/** Leases, and entries in memory, last as long as can be, so that what is measured between two renewals are hits. */
const VARS = {
  LOG_HIT_SAMPLE_RATE: "0",
  CACHE_FRESH_SECONDS: "3600",
  CACHE_MEMORY_SECONDS: "60",
  LEASE_SECONDS: "60",
};

export interface GrowingWorker {
  /** Rejects unless the status is 200. */
  send<Answer>(path: string, body: object): Promise<Answer>;
  /** As `send`, with the CPU time that workerd used meanwhile; with the time that passed, if that is not known. */
  time<Answer>(path: string, body: object): Promise<{ readonly answer: Answer; readonly ms: number }>;
  /** Live memory of the isolate, in MB. */
  heapMegabytes(): Promise<number>;
  stop(): Promise<void>;
}

export async function startGrowingWorker(built: Built): Promise<GrowingWorker> {
  const vars = varsOf("http://127.0.0.1:9", VARS);
  const worker = await startWorker(POSTERN, built, vars, PROCESSORS?.measured, true);
  const send = async <Answer>(path: string, body: object): Promise<Answer> => {
    const response = await fetch(worker.url + path, { method: "POST", body: JSON.stringify(body) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: status ${response.status}, ${text}`);
    return JSON.parse(text) as Answer;
  };
  return {
    send,
    time: async <Answer>(path: string, body: object) => {
      const [cpuBefore, startedAt] = [worker.cpuMs(), performance.now()];
      const answer = await send<Answer>(path, body);
      const cpuAfter = worker.cpuMs();
      const isKnown = cpuBefore !== null && cpuAfter !== null;
      return { answer, ms: isKnown ? cpuAfter - cpuBefore : performance.now() - startedAt };
    },
    heapMegabytes: async () => {
      const heap = await openHeap(worker);
      const megabytes = await heap.megabytes();
      heap.close();
      return megabytes;
    },
    stop: async () => await worker.stop(),
  };
}
