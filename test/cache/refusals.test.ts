/** Answers in which Stytch refuses Postern itself: they say nothing of the organization, so they end nothing. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Directory } from "../../src/directory/directory.ts";
import { type Json, organization, organizationEnvelope } from "../support/bodies.ts";
import { kvKey, statusOf } from "../support/cached.ts";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { kvThat, objectsThat } from "../support/fakes.ts";
import { organizationPath } from "../support/paths.ts";
import { REFUSALS } from "../support/refusals.ts";
import { json, stubUpstream, stytchError, type Upstream } from "../support/upstream.ts";

const { at } = useClock();

let isolate: TestIsolate;
let upstream: Upstream;
let key: string;
let forcingKey: string;
let org: Json;
let path: string;
let slugPath: string;

beforeEach(async () => {
  org = organization();
  path = organizationPath(org);
  slugPath = organizationPath(String(org["organization_slug"]));
  upstream = stubUpstream(() => json(organizationEnvelope(org)));
  isolate = createIsolate();
  ({ key } = await createKey(isolate, ["organizations:read"]));
  ({ key: forcingKey } = await createKey(isolate, ["organizations:read", "cache:refresh"]));
  for (const target of [path, slugPath]) await isolate.call(target, { key });
});

const HIDDEN: typeof REFUSALS = [
  ...REFUSALS,
  ["400 about the billing", () => stytchError(400, "billing_not_verified")],
  ["400 in HTML", () => new Response("<html>", { status: 400 })],
  ["404 about a connected app", () => stytchError(404, "connected_app_not_found")],
  ["404 about a page", () => stytchError(404, "page_not_found")],
  ["404 of an unknown type", () => stytchError(404, "not_found")],
];

const readForced = async (target: string) =>
  await isolate.call(target, { key: forcingKey, headers: { "Postern-Cache": "refresh" } });

describe("a refusal of Postern itself", () => {
  test.each(HIDDEN)("a %s is hidden by the last valid entry, to its last second", async (_, refuse) => {
    const listed = vi.spyOn(Directory.prototype, "purge");
    upstream.answer(refuse);
    for (const seconds of [72, 121, 3_719]) {
      at(seconds);
      for (const target of [path, slugPath]) {
        for (const reader of [isolate, createIsolate()]) {
          const hidden = await reader.call(target, { key });
          expect(statusOf(hidden)).toMatch(`postern; hit; ttl=${60 - seconds}; detail=`);
        }
      }
    }
    expect(logLines().at(-1)).toMatchObject({ status: 200, degraded: ["upstream"] });
    expect(await env.ORGANIZATIONS.get(kvKey(org["organization_id"]))).not.toBeNull();
    expect(listed).not.toHaveBeenCalled();
    at(3_720);
    const refused = await createIsolate().call(path, { key });
    expect(await refused.json()).toMatchObject({ status_code: 502, error_type: "upstream_rejected" });
  });

  test("after a refusal behind a stale answer, an older entry still hides a 503", async () => {
    vi.spyOn(scheduler, "wait").mockResolvedValue(undefined);
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    at(72);
    expect((await isolate.call(path, { key })).status).toBe(200);
    upstream.answer(() => stytchError(503, "x"));
    for (const seconds of [121, 130]) {
      at(seconds);
      for (const reader of [isolate, createIsolate()])
        expect((await reader.call(path, { key })).status).toBe(200);
    }
    upstream.answer(() => json(organizationEnvelope(org)));
    at(200);
    expect(statusOf(await createIsolate().call(path, { key }))).toBe(
      "postern; fwd=miss; fwd-status=200; stored",
    );
  });

  test("a Stytch that refuses Postern is asked after 1 s, 2 s, 4 s and so on", async () => {
    upstream.answer(() => stytchError(403, "organization_suspended"));
    const askedAt: number[] = [];
    for (let ms = 121_000; ms < 137_000; ms += 500) {
      vi.setSystemTime(NOW + ms);
      const before = upstream.requests.length;
      expect((await createIsolate().call(path, { key })).status).toBe(200);
      if (upstream.requests.length > before) askedAt.push(ms);
    }
    expect(askedAt).toEqual([121_000, 122_000, 124_000, 128_000, 136_000]);
  });

  test("a refusal is hidden by the entry of the object if KV has lost it", async () => {
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    at(130);
    for (const target of [path, slugPath]) {
      const answer = await createIsolate({ ORGANIZATIONS: kvThat.isEmpty() }).call(target, { key });
      expect(statusOf(answer)).toBe("postern; hit; ttl=-70; detail=memory");
    }
  });

  test("a refusal is hidden if the object fails and the isolate asks Stytch itself", async () => {
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    at(130);
    const answer = await createIsolate({ ORGANIZATION: objectsThat.fail() }).call(path, { key });
    expect(statusOf(answer)).toBe("postern; hit; ttl=-70; detail=kv");
    expect(logLines().at(-1)).toMatchObject({ degraded: ["organization_object", "upstream"] });
  });

  test("a forced read gets the refusal itself, and the entry stays", async () => {
    const listed = vi.spyOn(Directory.prototype, "purge");
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    for (const target of [path, slugPath]) {
      expect(await (await readForced(target)).json()).toMatchObject({ error_type: "upstream_rejected" });
      for (const reader of [isolate, createIsolate()])
        expect(statusOf(await reader.call(target, { key }))).toMatch(/^postern; hit; ttl=60;/);
    }
    await scheduler.wait(20);
    expect(listed).not.toHaveBeenCalled();
  });

  test("a refusal neither ends nor renews a remembered 404", async () => {
    const missing = organizationPath(organization());
    upstream.answer(() => stytchError(404, "organization_not_found"));
    expect((await isolate.call(missing, { key })).status).toBe(404);
    upstream.answer(() => stytchError(404, "route_not_found"));
    at(9);
    expect((await readForced(missing)).status).toBe(502);
    expect((await isolate.call(missing, { key })).status).toBe(404);
    at(10);
    expect((await isolate.call(missing, { key })).status).toBe(502);
  });

  test("a refusal is not remembered if no entry is known", async () => {
    const unknown = organization();
    upstream.answer(() => new Response(null, { status: 404 }));
    expect((await isolate.call(organizationPath(unknown), { key })).status).toBe(502);
    upstream.answer(() => json(organizationEnvelope(unknown)));
    expect((await isolate.call(organizationPath(unknown), { key })).status).toBe(200);
  });

  test("refusals do not open the circuit", async () => {
    upstream.answer(() => stytchError(401, "unauthorized_credentials"));
    const before = upstream.requests.length;
    for (let i = 0; i < 12; i += 1) await isolate.call(organizationPath(organization()), { key });
    expect(upstream.requests).toHaveLength(before + 12);
  });
});

test("a 400 about something else than the organization is hidden, and passed on if nothing hides it", async () => {
  upstream.answer(() => stytchError(400, "invalid_member_get_fields"));
  at(130);
  expect(statusOf(await createIsolate().call(path, { key }))).toBe("postern; hit; ttl=-70; detail=kv");
  const cold = await isolate.call(organizationPath(organization()), { key });
  expect(await cold.json()).toMatchObject({ status_code: 400, error_type: "invalid_member_get_fields" });
});
