/** A reason why the deployment stops, in sentences that say what to do. Never contains a secret. */
export class DeployProblem extends Error {}

/** Somebody stopped the script. */
export class Interrupted extends Error {}

export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted();
}
