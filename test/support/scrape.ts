/** Scrapes of an isolate of the deployment under test. */
import type { TestIsolate } from "./deployment.ts";
import { parseSamples, type Samples } from "./metrics.ts";
import { TEST_VARS } from "./vars.ts";

export const ADMIN_HEADERS = { Authorization: `Bearer ${TEST_VARS.ADMIN_TOKEN}` };

/** One scrape of this isolate. */
export async function scrape(isolate: TestIsolate): Promise<Samples> {
  const response = await isolate.call("/metrics", { headers: ADMIN_HEADERS });
  return parseSamples(await response.text());
}
