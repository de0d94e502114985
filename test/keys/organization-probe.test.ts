/**
 * What a key that is bound to organizations causes when it asks for another's name: exactly what it causes for a name
 * that nobody has, whatever other keys did with that name before. Counted is what is asked in front of the answer.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { AliasState } from "../../src/cache/object/alias-state.ts";
import { Organization } from "../../src/cache/object/organization.ts";
import type { ApiKey } from "../../src/keys/api-key.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/guard.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { identifiersOf, stubTwoOrganizations, type TwoOrganizations } from "../support/two-organizations.ts";
import { deferred, stytchError } from "../support/upstream.ts";

const clock = useClock();

let stytch: TwoOrganizations;
let admin: TestIsolate;
let bound: string;
let boundId: string;
let unbound: string;

beforeEach(async () => {
  stytch = stubTwoOrganizations();
  admin = createIsolate();
  const scopes = ["organizations:read", "members:dangerously_get", "cache:refresh"] as const;
  const organization_ids = [stytch.own["organization_id"]];
  ({ key: bound, keyId: boundId } = await createKey(admin, scopes, { organization_ids }));
  ({ key: unbound } = await createKey(admin, scopes));
});

const id = () => `organization-test-${crypto.randomUUID()}`;
/** The names of the other organization, and for each a name of its kind that nobody has. */
const pairs = () => {
  const missing = [id(), `slug-${crypto.randomUUID()}`, `ext|${crypto.randomUUID()}`];
  return identifiersOf(stytch.other).map((name, index) => ({ name, missing: String(missing[index]) }));
};

const requestsFor = (name: string) =>
  stytch.upstream.requests.filter(({ url }) => url.endsWith(`/${encodeURIComponent(name)}`)).length;

interface Read {
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

/** All that one read causes in front of its answer, and all that its caller and the log see of it. */
async function observe(isolate: TestIsolate, name: string, { key = bound, headers = {} }: Read = {}) {
  isolate.resetCounts();
  const [asked, logged] = [requestsFor(name), logLines().length];
  const response = await isolate.callUntilResponse(organizationPath(name), { key, headers });
  const { kvReads, objects } = isolate.counts;
  const upstream = requestsFor(name) - asked;
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

type Event = (isolate: TestIsolate, name: string) => Promise<unknown>;
const nothing: Event = async () => {};
const readUnbound: Event = async (isolate, name) =>
  await isolate.call(organizationPath(name), { key: unbound });
const readElsewhere: Event = async (_, name) => await readUnbound(createIsolate(), name);

/** Reads a name and a missing one in isolates of their own, in step; `before` is what others do before each read. */
async function compare(
  names: { name: string; missing: string },
  before: Event,
  times: readonly number[],
  read: Read,
) {
  const isolates = [createIsolate(), createIsolate()] as const;
  for (const isolate of isolates) await isolate.call("/whoami", { key: bound });
  for (const seconds of times) {
    clock.at(seconds);
    await before(isolates[0], names.name);
    await before(isolates[1], names.missing);
    const hidden = await observe(isolates[0], names.name, read);
    const missing = await observe(isolates[1], names.missing, read);
    expect({ seconds, ...hidden }).toEqual({ seconds, ...missing });
    expect(hidden.status).toBe(404);
    // What goes on behind the answer is over before the next read.
    for (const isolate of isolates) await isolate.call("/whoami", { key: unbound });
    await settle();
  }
}

/** Work of objects in the background goes on after the isolate's own. */
const settle = async () => await new Promise((resolve) => setTimeout(resolve, 20));

/** Before and after the probe is forgotten, within and after the lease, and in each state of an entry. */
const TIMES = [0, 1, 10.5, 58, 72, 130, 4_000];

describe.each<[string, Event]>([
  ["that nobody has read", nothing],
  ["that others read in the same isolate each time", readUnbound],
  ["that others read elsewhere each time", readElsewhere],
  [
    "that others read, with objects evicted each time",
    async (isolate, name) => {
      await readUnbound(isolate, name);
      await evictAllDurableObjects();
    },
  ],
])("a name %s", (_, before) => {
  test.each(["ID", "slug", "external ID"])(
    "another's %s costs a bound key what a missing one does",
    {
      timeout: 60_000,
    },
    async (kind) => {
      const names = pairs()[["ID", "slug", "external ID"].indexOf(kind)];
      if (names !== undefined) await compare(names, before, TIMES, {});
    },
  );
});

test("a name that others have read twice costs a bound key nothing less", { timeout: 60_000 }, async () => {
  for (const names of pairs()) {
    let reads = 0;
    const before: Event = async (isolate, name) => {
      reads += 1;
      if (reads <= 2) await readUnbound(isolate, name);
    };
    await compare(names, before, [0, 3, 11, 14, 80], {});
  }
});

test("a forced refresh of another's name costs a bound key what a missing one does", {
  timeout: 30_000,
}, async () => {
  for (const names of pairs())
    await compare(names, readUnbound, [0, 1, 12], { headers: { "Postern-Cache": "refresh" } });
});

test("a name is asked for once in CACHE_NEGATIVE_SECONDS, however hot it is for others", async () => {
  for (const { name } of pairs()) {
    clock.at(0);
    await readUnbound(admin, name);
    const before = requestsFor(name);
    for (const [seconds, asked] of [
      [1, 1],
      [2, 1],
      [10.9, 1],
      [11, 2],
      [20.9, 2],
    ] as const) {
      clock.at(seconds);
      await readUnbound(admin, name);
      expect((await admin.call(organizationPath(name), { key: bound })).status).toBe(404);
      expect(requestsFor(name) - before).toBe(asked);
    }
  }
});

test("an unbound key goes on hitting what a bound key may not see", async () => {
  for (const { name } of pairs()) {
    await readUnbound(admin, name);
    await admin.call(organizationPath(name), { key: bound });
    const hit = await observe(admin, name, { key: unbound });
    expect([hit.status, hit.kvReads, hit.objects, hit.upstream]).toEqual([200, 0, {}, 0]);
    expect((await createIsolate().call(organizationPath(name), { key: unbound })).status).toBe(200);
  }
});

test("a name that only a bound key has asked for is a hit for an unbound one", async () => {
  const [, slug] = pairs();
  if (slug === undefined) throw new Error("no slug");
  expect((await admin.call(organizationPath(slug.name), { key: bound })).status).toBe(404);
  await settle();
  const response = await createIsolate().call(organizationPath(slug.name), { key: unbound });
  expect([response.status, requestsFor(slug.name)]).toEqual([200, 1]);
});

test("a purge of the name ends what is remembered for a bound key, before its isolate knows", async () => {
  const reader = createIsolate();
  for (const { name, missing } of pairs()) {
    for (const asked of [name, missing]) {
      await readUnbound(admin, asked);
      await reader.call(organizationPath(asked), { key: bound });
      const before = requestsFor(asked);
      await admin.admin("POST", "/admin/cache/purge", { organization_id: asked });
      expect((await reader.call(organizationPath(asked), { key: bound })).status).toBe(404);
      expect(requestsFor(asked) - before).toBe(1);
    }
  }
});

test("a bound key cannot tell a name that has just ended from one that never was", async () => {
  const names = pairs();
  for (const { name } of names) await readUnbound(admin, name);
  await settle();
  stytch.upstream.answer(() => stytchError(404, "organization_not_found"));
  for (const { name, missing } of names) {
    for (const asked of [name, missing]) {
      const before = requestsFor(asked);
      await admin.call(organizationPath(asked), { key: bound });
      // The end is listed as a purge, which a new isolate hears of before it reads.
      await settle();
      await createIsolate().call(organizationPath(asked), { key: bound });
      expect(requestsFor(asked) - before).toBe(1);
    }
  }
});

test("while Stytch fails, another's cached name is 503 for a bound key, as a missing one is", async () => {
  const names = pairs();
  for (const { name, missing } of names) {
    await readUnbound(admin, name);
    await readUnbound(admin, missing);
  }
  stytch.upstream.answer(() => stytchError(500, "internal_server_error"));
  clock.at(12);
  await admin.call(organizationPath(id()), { key: bound });
  for (const { name, missing } of names) {
    const hidden = await observe(admin, name);
    expect(hidden).toEqual(await observe(admin, missing));
    expect([hidden.status, hidden.upstream]).toEqual([503, 1]);
  }
});

test("without the organization objects, another's name costs a bound key what a missing one does", async () => {
  for (const { name, missing } of pairs()) {
    await readElsewhere(admin, name);
    const broken = {
      ORGANIZATION: { getByName: () => ({ read: async () => await Promise.reject(new Error("no object")) }) },
    };
    const isolates = [createIsolate(broken), createIsolate(broken)] as const;
    for (const isolate of isolates) await isolate.call("/whoami", { key: bound });
    const hidden = await observe(isolates[0], name);
    expect(hidden).toEqual(await observe(isolates[1], missing));
    expect([hidden.status, hidden.upstream]).toEqual([404, 1]);
  }
});

test("a bound key does not wait until another's organization is handed over", async () => {
  const handedOver = deferred<{ kind: "stored" }>();
  const stored = deferred<number>();
  vi.spyOn(AliasState.prototype, "handOver").mockReturnValue(handedOver.promise);
  vi.spyOn(Organization.prototype, "store").mockReturnValue(stored.promise);
  for (const { name } of pairs())
    expect((await admin.callUntilResponse(organizationPath(name), { key: bound })).status).toBe(404);
  // An object that waits for ever could not be evicted by the tests that follow.
  handedOver.resolve({ kind: "stored" });
  stored.resolve(0);
});

test("100 reads of another's name at a time make one request to Stytch, of any key", async () => {
  const open = deferred<void>();
  const keys = [bound, bound, bound, unbound];
  const isolate = createIsolate({ UPSTREAM_TIMEOUT_MS: "30000" });
  for (const key of keys) await isolate.call("/whoami", { key });
  for (const [index, { name }] of pairs().entries()) {
    const withUnbound = index > 0;
    const { name: asked } = withUnbound ? { name } : { name: `slug-${crypto.randomUUID()}` };
    const answers = Array.from({ length: 100 }, (_, i) =>
      isolate.call(organizationPath(asked), { key: String(keys[i % (withUnbound ? 4 : 3)]) }),
    );
    await vi.waitFor(() => expect(requestsFor(asked)).toBe(1));
    open.resolve();
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(withUnbound ? 25 : 0);
    expect(requestsFor(asked)).toBe(1);
  }
});

test.each([
  ["knows", true],
  ["does not know", false],
])(
  "KV is read while the lease of a key that the isolate %s is fetched, though memory has the name",
  async (_, isKnown) => {
    const gate = deferred<void>();
    let isGated = false;
    const isolate = createIsolate({
      API_KEY: {
        getByName: (keyId: string) => ({
          lease: async (...args: Parameters<ApiKey["lease"]>) => {
            if (isGated && keyId === boundId) await gate.promise;
            return await env.API_KEY.getByName(keyId).lease(...args);
          },
        }),
      },
    });
    const [, slug] = pairs();
    if (slug === undefined) throw new Error("no slug");
    await readUnbound(isolate, slug.name);
    if (isKnown) await isolate.call("/whoami", { key: bound });
    clock.at(6);
    await readUnbound(isolate, slug.name);
    isGated = true;
    isolate.resetCounts();
    const answer = isolate.call(organizationPath(slug.name), { key: bound });
    await vi.waitFor(() => expect(isolate.counts.kvReads).toBeGreaterThan(0));
    gate.resolve();
    expect((await answer).status).toBe(404);
  },
);

test("a key that an isolate does not know yet waits for one read of KV, whoever has the name", async () => {
  const otherId = String(stytch.other["organization_id"]);
  const ORGANIZATIONS = {
    getWithMetadata: async (key: string, options: KVNamespaceGetOptions<"arrayBuffer">) =>
      key.endsWith(otherId)
        ? await new Promise<never>(() => {})
        : await env.ORGANIZATIONS.getWithMetadata(key, options),
  };
  for (const { name } of pairs().slice(1)) {
    await readElsewhere(admin, name);
    await settle();
    const { status, lines } = await observe(createIsolate({ ORGANIZATIONS }), name);
    expect(status).toBe(404);
    // It would be degraded if the second read had been waited for.
    expect(lines).toMatchObject([{ error_type: "organization_not_found", hasCall: true }]);
    expect(lines[0]).not.toHaveProperty("degraded");
  }
});

test("a bound key's own organization by slug is a hit in memory, in KV and in its object", async () => {
  for (const name of identifiersOf(stytch.own)) {
    await readElsewhere(admin, name);
    await settle();
    const isolate = createIsolate();
    await isolate.call("/whoami", { key: bound });
    const fromKv = await observe(isolate, name);
    expect([fromKv.status, fromKv.upstream, fromKv.objects["read"]]).toEqual([200, 0, undefined]);
    const fromMemory = await observe(isolate, name);
    expect([fromMemory.kvReads, fromMemory.objects, fromMemory.upstream]).toEqual([0, {}, 0]);
    const withoutKv = createIsolate({ ORGANIZATIONS: { getWithMetadata: async () => ({ value: null }) } });
    const fromObject = await observe(withoutKv, name);
    expect([fromObject.status, fromObject.upstream, fromObject.objects["read"]]).toEqual([200, 0, 1]);
  }
});

test("a member of another organization costs a bound key what a missing one does", async () => {
  const read = async (path: string) => {
    const before = stytch.upstream.requests.length;
    const response = await admin.call(path, { key: bound });
    const { "x-request-id": _, ...headers } = Object.fromEntries(response.headers);
    return { status: response.status, headers, upstream: stytch.upstream.requests.length - before };
  };
  const hidden = await read(memberPath(stytch.otherMember));
  expect(hidden).toEqual(await read(memberPath(`member-test-${crypto.randomUUID()}`)));
  expect([hidden.status, hidden.upstream]).toEqual([404, 1]);
});

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
