/** Work on many items, a few at a time. */

/** So many calls are under way at a time. */
const CONCURRENCY = 8;

/** Rejects with the first failure, once what is under way has ended: nothing is begun after it. */
export async function eachConcurrently<T>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<void>,
): Promise<void> {
  const queue = items.entries();
  const failures: unknown[] = [];
  const takeTurns = async () => {
    for (const [index, item] of queue) {
      await work(item, index).catch((error: unknown) => void failures.push(error));
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, takeTurns));
  if (failures.length > 0) throw failures[0];
}
