/** The locations of the simulated deployment. */
import type { Place } from "./network.ts";
import { REGIONS } from "./regions.ts";

export interface Location extends Place {
  /** The share of the traffic of all locations. */
  readonly traffic: number;
  /** When an organization was last read from KV here, in ms, by its index. */
  readonly readAt: Map<number, number>;
}

/** A location is so far from its region's centre at most, there and back. An assumption. */
const MAX_LOCAL_MS = 20;

/** The locations of all regions. The traffic of those of one region is spread by Zipf's law. */
export function createLocations(random: () => number): Location[] {
  return REGIONS.flatMap(({ locations, traffic }, region) => {
    const weights = Array.from({ length: locations }, (_, index) => 1 / (index + 1));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return weights.map((weight) => ({
      region,
      localMs: 1 + random() * (MAX_LOCAL_MS - 1),
      traffic: (traffic * weight) / total,
      readAt: new Map(),
    }));
  });
}

/** One of the locations, by their traffic. */
export function pickLocation(locations: readonly Location[], random: () => number): Location {
  let rest = random();
  const found = locations.find(({ traffic }) => {
    rest -= traffic;
    return rest < 0;
  });
  // The shares may add up to a little less than 1.
  const picked = found ?? locations.at(-1);
  if (picked === undefined) throw new Error("There are no locations.");
  return picked;
}
