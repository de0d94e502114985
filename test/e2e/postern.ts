/** Postern in front of the sandbox, for the end-to-end tests: with a clock if needed. */
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";

export type { SandboxedPostern } from "../../dev/sandboxed-postern.ts";

/** Postern with a clock that a test moves. */
export const CLOCK_WORKER = "test/support/clock-worker.ts";

/** As `startSandboxedPostern`. `wrapper` is a module that takes the place of Postern's entry file. */
export async function startPostern(
  vars: Record<string, string> = {},
  wrapper?: string,
): Promise<SandboxedPostern> {
  return await startSandboxedPostern(vars, wrapper === undefined ? {} : { wrapper });
}

export interface ClockedPostern extends SandboxedPostern {
  /** Moves Postern's clock on. Only this clock moves: the runtime's timers and the sandbox keep the real time. */
  advance(ms: number): Promise<void>;
}

/** As `startPostern`, with a clock that the test moves. */
export async function startClockedPostern(vars: Record<string, string> = {}): Promise<ClockedPostern> {
  const postern = await startPostern(vars, CLOCK_WORKER);
  let offsetMs = 0;
  return {
    ...postern,
    advance: async (ms) => {
      offsetMs += ms;
      await setClock(postern.url, offsetMs);
    },
  };
}

/** Moves the clock of a Postern that runs `CLOCK_WORKER` to `ms` after the real time. */
export async function setClock(url: string, ms: number): Promise<void> {
  const response = await fetch(`${url}/_clock?ms=${ms}`, { method: "POST" });
  if (response.status !== 204) throw new Error("This Postern has no clock.");
}
