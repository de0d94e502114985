import { describe, expect, test, vi } from "vitest";
import { AliasState } from "../../src/cache/object/alias-state.ts";
import { createIsolate } from "../support/deployment.ts";
import { organizationPath } from "../support/paths.ts";
import {
  admin,
  bound,
  type Event,
  id,
  nothing,
  observe,
  readElsewhere,
  readUnbound,
  settle,
  stytch,
  unbound,
  useProbes,
} from "../support/probes.ts";
import { deferred, stytchError } from "../support/upstream.ts";

const clock = useProbes();

/**
 * What the reads of a bound key by a former name of its own organization are answered, and how many requests each makes.
 * `rename` is what happens between the first read and the others.
 */
async function readFormerName(isTaken: boolean, times: readonly number[], rename: Event) {
  clock.at(0);
  const isolate = createIsolate();
  const slug = String(stytch.own["organization_slug"]);
  expect((await isolate.call(organizationPath(slug), { key: bound })).status).toBe(200);
  await settle();
  stytch.own = { ...stytch.own, organization_slug: `new-${crypto.randomUUID()}` };
  const before = stytch.other["organization_slug"];
  stytch.other["organization_slug"] = isTaken ? slug : before;
  await rename(isolate, slug);
  const reads: string[] = [];
  for (const seconds of times) {
    clock.at(seconds);
    const { status, upstream } = await observe(isolate, slug);
    reads.push(`${seconds}: ${status}, ${upstream}`);
    await settle();
  }
  stytch.other["organization_slug"] = before;
  return reads;
}
const purge = async (name: unknown) =>
  await admin.admin("POST", "/admin/cache/purge", { organization_id: name });

describe.each([
  ["another's", true],
  ["nobody's", false],
])("a former name of a bound key's organization that is now %s", (_, isTaken) => {
  test.each<[string, Event]>([
    ["the name is purged", async (_isolate, slug) => await purge(slug)],
    [
      "the organization and the name are purged",
      async (_isolate, slug) => {
        await purge(stytch.own["organization_id"]);
        await purge(slug);
      },
    ],
    [
      "the name is purged, and then the organization is seen without it",
      async (_isolate, slug) => {
        await purge(slug);
        await readUnbound(admin, String(stytch.own["organization_id"]));
        await settle();
      },
    ],
  ])("is asked for once in CACHE_NEGATIVE_SECONDS after %s", async (_title, rename) => {
    expect(await readFormerName(isTaken, [6, 7, 8, 15, 17, 18], rename)).toEqual([
      "6: 404, 1",
      "7: 404, 0",
      "8: 404, 0",
      "15: 404, 0",
      "17: 404, 1",
      "18: 404, 0",
    ]);
  });

  test("is asked for once in CACHE_NEGATIVE_SECONDS after its entry was refreshed", async () => {
    // The request at 61 s is that of the refresh in the background.
    expect(await readFormerName(isTaken, [61, 62, 63, 72, 73, 84], nothing)).toEqual([
      expect.stringMatching(/^61: 200/),
      "62: 404, 1",
      "63: 404, 0",
      "72: 404, 1",
      "73: 404, 0",
      "84: 404, 1",
    ]);
  });

  test("is asked for once in CACHE_NEGATIVE_SECONDS after its entry is too old to be served", async () => {
    expect(await readFormerName(isTaken, [130, 131, 132, 137, 141, 142], nothing)).toEqual([
      "130: 404, 1",
      "131: 404, 0",
      "132: 404, 0",
      "137: 404, 0",
      "141: 404, 1",
      "142: 404, 0",
    ]);
  });

  test("is 404 for an isolate with an old entry when another key has learned it and Stytch fails", async () => {
    const fail: Event = async (isolate, slug) => {
      clock.at(128);
      // Within the lease that this begins, the isolate does not hear that the name has moved or ended.
      await isolate.call(organizationPath(id()), { key: unbound });
      await readElsewhere(admin, slug);
      await settle();
      stytch.upstream.answer(() => stytchError(500, "internal_server_error"));
    };
    expect(await readFormerName(isTaken, [129], fail)).toEqual(["129: 404, 1"]);
  });
});

test("a bound key does not wait until the new owner of a former name is handed over", async () => {
  const handedOver = deferred<{ kind: "stored" }>();
  const reads = await readFormerName(true, [130], async () => {
    vi.spyOn(AliasState.prototype, "handOver").mockReturnValue(handedOver.promise);
  });
  expect(reads).toEqual(["130: 404, 1"]);
  handedOver.resolve({ kind: "stored" });
});
