import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { AliasState } from "../../src/cache/object/alias-state.ts";
import { Organization } from "../../src/cache/object/organization.ts";
import type { ApiKey } from "../../src/keys/api-key.ts";
import { createIsolate } from "../support/deployment.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import {
  admin,
  bound,
  boundId,
  id,
  observe,
  pairs,
  readElsewhere,
  readUnbound,
  requestsFor,
  settle,
  stytch,
  unbound,
  useProbes,
} from "../support/probes.ts";
import { identifiersOf } from "../support/two-organizations.ts";
import { deferred, stytchError } from "../support/upstream.ts";

const clock = useProbes();

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
