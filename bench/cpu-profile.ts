/** A CPU profile as V8 reports it, with its functions placed in the source. Pure. */
import { findPlace, type SourceMap } from "../dev/source-places.ts";

/** https://chromedevtools.github.io/devtools-protocol/v8/Profiler/#type-Profile */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** The ID of the node that each sample saw. */
  readonly samples: readonly number[];
  /** The time before each sample, in microseconds. */
  readonly timeDeltas: readonly number[];
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  /** "" if the function is native. */
  readonly url: string;
  /** From 0, like the column. */
  readonly lineNumber: number;
  readonly columnNumber: number;
}

/** The name that Miniflare gives the Worker's one module. */
const SCRIPT = "index.js";

/** The profile with the source's file and line in place of the bundle's. */
export function placeInSource(profile: CpuProfile, map: SourceMap): CpuProfile {
  const place = (frame: CallFrame): CallFrame => {
    const found = frame.url === SCRIPT ? findPlace(map, frame.lineNumber, frame.columnNumber) : null;
    if (found === null) return frame;
    return { ...frame, url: found.file, lineNumber: found.line, columnNumber: found.column };
  };
  const nodes = profile.nodes.map((node) => ({ ...node, callFrame: place(node.callFrame) }));
  return { ...profile, nodes };
}
