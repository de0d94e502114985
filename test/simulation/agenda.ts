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
  /** Runs the next event; false if nothing is planned any more. */
  step(): boolean;
  /**
   * Runs until nothing is planned any more. `arrivals` are events that are in order of time already, and come before
   * all others of the same moment: outside the heap they cost nothing.
   */
  run<T extends readonly [ms: number, ...unknown[]]>(
    arrivals?: readonly T[],
    onArrival?: (arrival: T) => void,
  ): void;
}

export function createAgenda(): Agenda {
  const heap: Planned[] = [];
  let now = 0;
  let planned = 0;

  const isBefore = (one: Planned, other: Planned) =>
    one.at < other.at || (one.at === other.at && one.sequence < other.sequence);

  /** Puts an event at `index` or above, below the first that comes before it. */
  function siftUp(event: Planned, index: number): void {
    let i = index;
    while (i > 0) {
      const parent = heap[(i - 1) >> 1];
      if (parent === undefined || !isBefore(event, parent)) break;
      heap[i] = parent;
      i = (i - 1) >> 1;
    }
    heap[i] = event;
  }

  /** Puts an event at the top or below, above the first that comes after it. */
  function siftDown(event: Planned): void {
    let i = 0;
    // A look beyond the end of the array would take much longer.
    for (let left = 1; left < heap.length; left = 2 * i + 1) {
      const right = left + 1;
      const one = heap[left] as Planned;
      const other = right < heap.length ? (heap[right] as Planned) : one;
      const isRight = isBefore(other, one);
      const child = isRight ? other : one;
      if (!isBefore(child, event)) break;
      heap[i] = child;
      i = isRight ? right : left;
    }
    heap[i] = event;
  }

  function next(): Planned | undefined {
    const [first, last] = [heap[0], heap.pop()];
    if (last !== undefined && heap.length > 0) siftDown(last);
    return first;
  }

  function step(): boolean {
    const one = next();
    if (one === undefined) return false;
    now = one.at;
    one.happen();
    return true;
  }

  return {
    now: () => now,
    after: (ms, happen) => {
      siftUp({ at: now + ms, sequence: planned++, happen }, heap.length);
    },
    step,
    run: (arrivals = [], onArrival = () => {}) => {
      let arrived = 0;
      for (;;) {
        const arrival = arrivals[arrived];
        const [first] = heap;
        if (arrival !== undefined && (first === undefined || arrival[0] <= first.at)) {
          arrived += 1;
          now = arrival[0];
          onArrival(arrival);
        } else if (!step()) return;
      }
    },
  };
}
