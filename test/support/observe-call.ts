import type { TestIsolate } from "./deployment.ts";
import { logLines } from "./egress.ts";
import type { Upstream } from "./upstream.ts";

/**
 * All that one call causes in front of its answer, and all that its caller and the log see of it. `upstream`: what
 * Stytch was asked for meanwhile, by URL.
 */
export async function observeCall(
  isolate: TestIsolate,
  { requests }: Upstream,
  path: string,
  options: { readonly key: string; readonly headers: Record<string, string> },
) {
  isolate.resetCounts();
  const [asked, logged] = [requests.length, logLines().length];
  const response = await isolate.callUntilResponse(path, options);
  const { kvReads, objects } = isolate.counts;
  const upstream = requests.slice(asked).map(({ url }) => url);
  const { "x-request-id": requestId, ...others } = Object.fromEntries(response.headers);
  const body = (await response.text()).replaceAll(String(requestId), "");
  const lines = logLines()
    .slice(logged)
    .filter((line) => line["request_id"] === requestId)
    .map(({ request_id: _, upstream: call, upstream_detail: detail, ...line }) => ({
      ...line,
      hasCall: call !== null,
      hasDetail: detail !== undefined,
    }));
  return { status: response.status, headers: others, body, lines, kvReads, objects, upstream };
}
