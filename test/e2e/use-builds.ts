/** Every process serves what was built before the processes started (`builds.ts`). */
import { inject } from "vitest";
import { useBuild } from "../../dev/built-worker.ts";

for (const build of inject("builds")) useBuild(build);
