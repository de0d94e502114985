/** Every process serves what was built before the processes started (`builds.ts`). */
import { inject } from "vitest";
import { usePrepared } from "../../dev/built-worker.ts";

for (const worker of inject("workers")) usePrepared(worker);
