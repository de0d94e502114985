/**
 * The regions of the simulated deployment, and how far apart they are.
 *
 * Round-trip times are those that Microsoft publishes between the regions of Azure: the 95th percentile over the 30 days
 * to 30 July 2026, in ms, measured each minute. https://learn.microsoft.com/azure/networking/azure-network-latency
 * Cloudflare publishes no such table. Shares of locations and of traffic are assumptions.
 */

export interface Region {
  readonly name: string;
  /** The region of Azure whose times stand for it. */
  readonly measuredIn: string;
  readonly locations: number;
  /** The share of all traffic; the shares add up to 1. */
  readonly traffic: number;
}

const region = (name: string, measuredIn: string, locations: number, traffic: number): Region => {
  return { name, measuredIn, locations, traffic };
};

/** Where Stytch, the Directory and a key's object are in the simulation: `UPSTREAM_REGION` is `enam` by default. */
export const HOME = 0;

export const REGIONS: readonly Region[] = [
  region("enam", "East US", 50, 0.3),
  region("wnam", "West US", 30, 0.15),
  region("sam", "Brazil South", 40, 0.06),
  region("weur", "UK South", 45, 0.22),
  region("eeur", "Poland Central", 30, 0.05),
  region("me", "UAE North", 20, 0.03),
  region("afr", "South Africa North", 25, 0.02),
  region("apac, India", "Central India", 15, 0.05),
  region("apac, Singapore", "Southeast Asia", 20, 0.05),
  region("apac, Japan", "Japan East", 15, 0.05),
  region("oc", "Australia East", 10, 0.02),
];

/** From each region to those after it in `REGIONS`. */
const ROUND_TRIPS_MS = [
  [74, 119, 80, 104, 190, 226, 214, 229, 165, 207],
  [170, 144, 168, 257, 278, 224, 171, 109, 141],
  [184, 211, 293, 327, 320, 337, 265, 298],
  [34, 122, 169, 150, 183, 237, 277],
  [139, 199, 169, 201, 258, 300],
  [104, 35, 90, 155, 182],
  [134, 211, 255, 348],
  [59, 129, 152],
  [74, 98],
  [105],
] as const;

/** Between two regions, by index; 0 within one. */
export function roundTripMs(one: number, other: number): number {
  if (one === other) return 0;
  const [first, second] = [Math.min(one, other), Math.max(one, other)];
  const ms = ROUND_TRIPS_MS[first]?.[second - first - 1];
  if (ms === undefined) throw new Error(`There is no region ${second}.`);
  return ms;
}
