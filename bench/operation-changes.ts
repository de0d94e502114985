/** What has changed in the counted operations of requests. Pure. */
import type { Count } from "./counted-worker.ts";

/** By the kind of request. */
export type CountsByKind = Readonly<Record<string, Count>>;

interface Changes {
  /** A sentence for each count that is higher than before, and for each kind that was not counted before. */
  readonly rises: readonly string[];
  readonly falls: readonly string[];
}

const NAMES: Readonly<Record<string, string>> = {
  kvReads: "KV reads",
  kvWrites: "KV writes",
  objectCalls: "object calls",
  rowsRead: "rows read",
  rowsWritten: "rows written",
  upstreamCalls: "calls to Stytch",
};

/** Both count the same requests. */
export function compareOperations(counted: CountsByKind, expected: CountsByKind): Changes {
  const rises: string[] = [];
  const falls: string[] = [];
  for (const [kind, { requests, ...operations }] of Object.entries(counted)) {
    const before = expected[kind];
    if (before === undefined || before.requests !== requests) {
      rises.push(`${kind}: there is no expectation for ${requests} requests`);
      continue;
    }
    for (const [name, count] of Object.entries(operations) as [keyof typeof operations, number][]) {
      const change = `from ${before[name]} to ${count} in ${requests} requests`;
      if (count > before[name]) rises.push(`${kind}: ${NAMES[name]} rose ${change}`);
      if (count < before[name]) falls.push(`${kind}: ${NAMES[name]} fell ${change}`);
    }
  }
  return { rises, falls };
}

/** The lower count of each operation: on a machine that stands still, an operation may time out and be repeated. */
export function lowerCounts(one: CountsByKind, other: CountsByKind): CountsByKind {
  const lower = (kind: string, count: Count): Count => {
    const second: Readonly<Record<string, number>> = { ...other[kind] };
    const entries = Object.entries(count).map(([name, value]) => [
      name,
      Math.min(value, second[name] ?? value),
    ]);
    return Object.fromEntries(entries) as Count;
  };
  return Object.fromEntries(Object.entries(one).map(([kind, count]) => [kind, lower(kind, count)]));
}
