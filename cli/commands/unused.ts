/** Which keys nobody has used for some days, by asking for the usage of each. */
import { z } from "zod";
import { type AdminApi, KeyRecord, parseResponse, Usage } from "../client.ts";
import { eachConcurrently } from "../concurrently.ts";

const DAY_MS = 86_400_000;

/**
 * Returns those of these keys that were issued before and have made no call since, refused ones included. Makes one
 * call for each key that is old enough. `days`: 1 to 30, as usage is kept.
 */
export async function unusedKeys(
  api: AdminApi,
  keys: readonly unknown[],
  days: number,
  now: number = Date.now(),
): Promise<readonly unknown[]> {
  const records = parseResponse(z.array(KeyRecord), keys);
  const isUnused: boolean[] = records.map(() => false);
  await eachConcurrently(records, async ({ key_id, created_at }, index) => {
    if (now - Date.parse(created_at) < days * DAY_MS) return;
    const usage = await api.call("GET", `/admin/keys/${key_id}/usage?hours=${days * 24}`);
    isUnused[index] = parseResponse(Usage, usage).hours.length === 0;
  });
  return keys.filter((_, index) => isUnused[index]);
}
