/** The functions of a CPU profile: who called whom, and for how long. Pure. */
import type { CpuProfile } from "./cpu-profile.ts";

export interface Call {
  readonly name: string;
  /** A file of `src/`, or the name of a dependency; `WORKERD` outside of all JavaScript. */
  readonly place: string;
  /** In that file, from 1; null if the function is native. */
  readonly line: number | null;
  /** Time in the function itself, and with what it called, in microseconds. */
  readonly selfUs: number;
  readonly totalUs: number;
  /** The longest first. */
  readonly calls: readonly Call[];
}

export interface Share {
  readonly self: number;
  readonly total: number;
}

/** What workerd does besides running JavaScript, such as sockets and HTTP. */
export const WORKERD = "workerd";

/** Not CPU time: the isolate waited for a request. */
const IDLE = "(idle)";

/** The tree of the profile without the time in which nothing ran. */
export function callTreeOf({ nodes, samples, timeDeltas }: CpuProfile): Call {
  const selfUs = new Map<number, number>();
  for (const [index, id] of samples.entries()) {
    // A sample stands for the time until the next one.
    selfUs.set(id, (selfUs.get(id) ?? 0) + (timeDeltas[index + 1] ?? 0));
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));

  /** A native function belongs to the file that called it. */
  function callOf(id: number, callerPlace: string): Call | null {
    const node = byId.get(id);
    if (node === undefined || node.callFrame.functionName === IDLE) return null;
    const { functionName, url, lineNumber } = node.callFrame;
    const isNative = url === "";
    const place = isNative ? callerPlace : placeOf(url);
    const calls = (node.children ?? [])
      .map((child) => callOf(child, place))
      .filter((call) => call !== null)
      .sort((one, other) => other.totalUs - one.totalUs);
    const own = selfUs.get(id) ?? 0;
    return {
      name: nameOf(functionName, isNative && place === WORKERD),
      place,
      line: isNative ? null : lineNumber + 1,
      selfUs: own,
      totalUs: calls.reduce((sum, { totalUs }) => sum + totalUs, own),
      calls,
    };
  }
  const root = nodes[0] === undefined ? null : callOf(nodes[0].id, WORKERD);
  if (root === null) throw new Error("The profile is empty.");
  return root;
}

function nameOf(functionName: string, isWorkerd: boolean): string {
  if (functionName !== "") return functionName;
  return isWorkerd ? "(native code)" : "(anonymous)";
}

function placeOf(url: string): string {
  const path = url.split("node_modules/").at(-1) ?? url;
  if (path === url) return url.startsWith("node-internal:") ? WORKERD : url;
  return path.split("/", path.startsWith("@") ? 2 : 1).join("/");
}

/** The share of the tree's time by key, the largest `self` first. A recursive call counts once for `total`. */
export function sharesBy(tree: Call, keyOf: (call: Call) => string): Map<string, Share> {
  const shares = new Map<string, Share>();
  const open = new Set<string>();
  function add(call: Call): void {
    const key = keyOf(call);
    const { self, total } = shares.get(key) ?? { self: 0, total: 0 };
    const isOutermost = !open.has(key);
    shares.set(key, {
      self: self + call.selfUs / tree.totalUs,
      total: total + (isOutermost ? call.totalUs / tree.totalUs : 0),
    });
    open.add(key);
    for (const one of call.calls) add(one);
    if (isOutermost) open.delete(key);
  }
  for (const call of tree.calls) add(call);
  return new Map([...shares].sort(([, one], [, other]) => other.self - one.self));
}

/** Names a function by where it is: names alone occur twice. */
export const labelOf = ({ name, place, line }: Call) =>
  `${name}  ${place}${line === null ? ", native" : `:${line}`}`;
