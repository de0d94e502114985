/** Links that hand a key over. */
import type { TestIsolate } from "./deployment.ts";

export const ORIGIN = "https://postern.test";

export interface IssuedLink {
  readonly keyId: string;
  readonly token: string;
  /** The whole answer. */
  readonly body: Record<string, unknown>;
}

async function readLink(response: Response): Promise<IssuedLink> {
  const body = await response.json<Record<string, unknown>>();
  const token = String(body["handover_url"]).slice(`${ORIGIN}/handover#`.length);
  return { keyId: String(body["key_id"]), token, body };
}

/** Creates a key that a link hands over. */
export const createLink = async (isolate: TestIsolate, handover_seconds = 3_600, fields: object = {}) =>
  await readLink(
    await isolate.admin("POST", "/admin/keys", {
      name: "Test",
      scopes: ["organizations:read"],
      handover_seconds,
      ...fields,
    }),
  );

export const rotateToLink = async (isolate: TestIsolate, keyId: string, body: object) =>
  await readLink(await isolate.admin("POST", `/admin/keys/${keyId}/rotate`, body));

export const takeKey = async (
  isolate: TestIsolate,
  token: unknown,
  headers: Record<string, string> = {},
): Promise<Response> => await isolate.call("/handover", { method: "POST", headers, body: { token } });

/** The key; or the type of the error. */
export async function takenBy(response: Response): Promise<string> {
  const { key, error_type } = await response.json<{ key?: string; error_type?: string }>();
  return key ?? `${response.status} ${error_type}`;
}
