/** The work that objects do in the background, after their answer: such as writes to KV, and word to other objects. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";

const running = new Set<Promise<unknown>>();
let isTracked = false;

/**
 * From now on, `settleObjects` waits for what any object starts. What an earlier test left is forgotten: the work of an
 * object that was aborted never ends.
 */
export async function trackObjectWork(): Promise<void> {
  running.clear();
  if (isTracked) return;
  isTracked = true;
  await runInDurableObject(env.ORGANIZATION.getByName("any"), (_, state) => {
    const prototype = Object.getPrototypeOf(state) as DurableObjectState;
    const real = prototype.waitUntil;
    prototype.waitUntil = function (this: DurableObjectState, work: Promise<unknown>) {
      running.add(work);
      const end = () => void running.delete(work);
      work.then(end, end);
      real.call(this, work);
    };
  });
}

/** Resolves when no object works in the background. */
export async function settleObjects(): Promise<void> {
  while (running.size > 0) await Promise.allSettled(running);
}
