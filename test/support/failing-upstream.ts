/** Responses of an upstream that fails or hangs, to be given to `upstream.answer`. */
import { type MockInstance, vi } from "vitest";
import { member, memberEnvelope, organization } from "./bodies.ts";
import { memberPath, organizationPath } from "./paths.ts";
import { deferred, json, stytchError, type Upstream, type UpstreamRequest } from "./upstream.ts";

export const refuseConnection = (): never => {
  throw new TypeError("connection refused");
};

export const respondWith = (status: number) => () => stytchError(status, "x");

/** A body that breaks off after its first bytes. */
export const breakOff = () =>
  new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"organization":')),
      pull: (controller) => controller.error(new Error("connection reset")),
    }),
  );

/** Sends nothing until the request is aborted. */
export async function hang({ signal }: UpstreamRequest): Promise<Response> {
  const response = deferred<Response>();
  signal?.addEventListener("abort", () => response.reject(signal.reason));
  return await response.promise;
}

/** Gives these responses in turn, and the last one for ever. */
export function respondInTurn(upstream: Upstream, ...responses: (() => Response)[]): void {
  let next = 0;
  upstream.answer(() => {
    const response = responses[Math.min(next, responses.length - 1)];
    next += 1;
    if (response === undefined) throw new Error("no response was given");
    return response();
  });
}

/** Answers with the member that the latest request asks for. */
export const respondWithMember = (upstream: Upstream) => () => {
  const of = organization();
  const member_id = upstream.requests.at(-1)?.url.split("/").at(-1);
  return json(memberEnvelope(member({ member_id, organization_id: of["organization_id"] }), of));
};

/** Paths of objects that no other test asks for. */
export const newMemberPath = () => memberPath(member());
export const newOrganizationPath = () => organizationPath(organization());

/** Makes retries in this test at once. `upstream-retries.test.ts` checks how long Postern waits before them. */
export const skipRetryDelays = (): MockInstance<Scheduler["wait"]> =>
  vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
