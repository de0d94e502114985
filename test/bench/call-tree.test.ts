/** A CPU profile becomes shares of the source's functions, and a drawing of them. */
import { SourceMap } from "node:module";
import { expect, test } from "vitest";
import { type Call, callTreeOf, labelOf, sharesBy } from "../../bench/call-tree.ts";
import { type CpuProfile, placeInSource } from "../../bench/cpu-profile.ts";
import { flameGraphOf } from "../../bench/flame-graph.ts";

const frame = (functionName: string, url = "", lineNumber = -1) => ({
  functionName,
  url,
  lineNumber,
  columnNumber: -1,
});

/** (root) → handle (src/app.ts) → get (native) and match (hono) → handle again; (program); (idle). */
const PROFILE: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame("(root)"), children: [2, 6, 7] },
    { id: 2, callFrame: frame("handle", "src/app.ts", 9), children: [3, 4] },
    { id: 3, callFrame: frame("get") },
    { id: 4, callFrame: frame("match", "node_modules/hono/dist/router.js", 4), children: [5] },
    { id: 5, callFrame: frame("handle", "src/app.ts", 9) },
    { id: 6, callFrame: frame("(program)") },
    { id: 7, callFrame: frame("(idle)") },
  ],
  samples: [2, 3, 4, 5, 6, 7, 2],
  timeDeltas: [999, 10, 20, 30, 15, 25, 500, 0],
};

const rounded = (shares: ReadonlyMap<string, { self: number; total: number }>) =>
  Object.fromEntries([...shares].map(([key, { self, total }]) => [key, [self * 100, total * 100]]));

test("a native call counts for the file that made it, idle time for nobody, and a recursive call once", () => {
  const tree = callTreeOf(PROFILE);
  expect(tree.totalUs).toBe(100);
  expect(rounded(sharesBy(tree, ({ place }) => place))).toEqual({
    "src/app.ts": [45, 75],
    hono: [30, 45],
    workerd: [25, 25],
  });
  expect(rounded(sharesBy(tree, labelOf))).toMatchObject({
    "handle  src/app.ts:10": [25, 75],
    "get  src/app.ts, native": [20, 20],
  });
});

test("the functions with the most time of their own come first", () => {
  const [first] = sharesBy(callTreeOf(PROFILE), labelOf).keys();
  expect(first).toBe("match  hono:5");
});

test("a function of a scoped dependency counts for that dependency", () => {
  const nested = frame("match", "node_modules/a/node_modules/@b/c/d.js", 4);
  const nodes = PROFILE.nodes.map((node) => (node.id === 4 ? { ...node, callFrame: nested } : node));
  const shares = sharesBy(callTreeOf({ ...PROFILE, nodes }), labelOf);
  expect([...shares.keys()]).toContain("match  @b/c:5");
});

test("functions of the bundle are placed in the source, and others stay as they are", () => {
  // The first place of the bundle is the second line of the source.
  const map = new SourceMap({
    file: "index.js",
    version: 3,
    sources: ["../folder/src/a.ts"],
    sourcesContent: [],
    names: [],
    mappings: "AACA",
    sourceRoot: "",
  });
  const bundled = { ...frame("second", "index.js", 0), columnNumber: 0 };
  const nodes = [
    { id: 1, callFrame: bundled },
    { id: 2, callFrame: frame("get") },
    { id: 3, callFrame: { ...bundled, lineNumber: 7 } },
  ];
  const placed = placeInSource({ nodes, samples: [], timeDeltas: [] }, map);
  const [second, ...others] = placed.nodes;
  expect(second?.callFrame).toMatchObject({ functionName: "second", url: "src/a.ts", lineNumber: 1 });
  expect(others).toEqual(nodes.slice(1));
});

test("a flame graph has a box for each call but the narrow ones, with its share, and no markup of a name", () => {
  const call = (name: string, totalUs: number, calls: readonly Call[] = []): Call => {
    const selfUs = totalUs - calls.reduce((sum, one) => sum + one.totalUs, 0);
    return { name, place: "src/a.ts", line: 1, selfUs, totalUs, calls };
  };
  const svg = flameGraphOf(call("root", 10_000, [call("<b>", 5_000), call("narrow", 1)]), "A & B");
  expect(svg.match(/<rect /g)).toHaveLength(3);
  expect(svg).toContain("<title>&lt;b&gt;  src/a.ts:1: 50.0 %, itself 50.0 %</title>");
  expect(svg).toContain("A &amp; B");
  expect(svg).not.toContain("narrow");
  expect(svg).not.toContain("<b>");
});
