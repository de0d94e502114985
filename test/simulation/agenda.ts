/** A virtual clock and the events on it, in order of time and then of planning: a binary heap. */

interface Planned {
  readonly at: number;
  readonly sequence: number;
  readonly happen: () => void;
}

export interface Agenda {
  /** In ms from the beginning. */
  now(): number;
  after(ms: number, happen: () => void): void;
  /** Runs until nothing is planned any more. */
  run(): void;
}

export function createAgenda(): Agenda {
  const heap: Planned[] = [];
  let now = 0;
  let planned = 0;

  const isBefore = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]];
    if (one === undefined || other === undefined) return false;
    return one.at < other.at || (one.at === other.at && one.sequence < other.sequence);
  };
  const swap = (a: number, b: number) => {
    const [one, other] = [heap[a], heap[b]];
    if (one === undefined || other === undefined) return;
    heap[a] = other;
    heap[b] = one;
  };
  function next(): Planned | undefined {
    swap(0, heap.length - 1);
    const first = heap.pop();
    for (let i = 0; ; ) {
      const least = [2 * i + 1, 2 * i + 2].reduce((best, child) => (isBefore(child, best) ? child : best), i);
      if (least === i) return first;
      swap(i, least);
      i = least;
    }
  }

  return {
    now: () => now,
    after: (ms, happen) => {
      heap.push({ at: now + ms, sequence: planned++, happen });
      for (let i = heap.length - 1; i > 0 && isBefore(i, (i - 1) >> 1); i = (i - 1) >> 1)
        swap(i, (i - 1) >> 1);
    },
    run: () => {
      for (let one = next(); one !== undefined; one = next()) {
        now = one.at;
        one.happen();
      }
    },
  };
}
