/** Calls as the console makes them: a browser sends them from a page of Postern itself. */
import type { TestIsolate } from "./deployment.ts";
import { TEST_VARS } from "./vars.ts";

export const SAME_ORIGIN = { "Sec-Fetch-Site": "same-origin" };

export const postSignIn = async (isolate: TestIsolate, body: unknown, headers = SAME_ORIGIN) =>
  await isolate.call("/console/session", { method: "POST", headers, body });

/** Signs in, and returns the `Cookie` header that a browser sends from then on. */
export async function signIn(isolate: TestIsolate, token: string = TEST_VARS.ADMIN_TOKEN): Promise<string> {
  const response = await postSignIn(isolate, { token });
  if (response.status !== 204) throw new Error(`not signed in: ${await response.text()}`);
  return response.headers.get("Set-Cookie")?.split(";")[0] ?? "";
}
