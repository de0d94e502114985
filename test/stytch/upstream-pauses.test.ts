/** The pauses after a 429, as callers of the API meet them. */
import { evictAllDurableObjects } from "cloudflare:test";
import { expect, onTestFinished, test } from "vitest";
import * as z from "zod";
import { StytchClient } from "../../src/stytch/client.ts";
import { jwksRead, memberRead, organizationRead } from "../../src/stytch/reads.ts";
import { organization, organizationEnvelope } from "../support/bodies.ts";
import { createConfig } from "../support/config.ts";
import { createIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import {
  newMemberPath,
  newOrganizationPath,
  respondInTurn,
  respondWith,
  respondWithMember,
} from "../support/failing-upstream.ts";
import { organizationPath } from "../support/paths.ts";
import { json, stytchError } from "../support/upstream.ts";
import { key, limited, read, upstream, useUpstream } from "../support/upstream-isolate.ts";
import { TEST_VARS } from "../support/vars.ts";

const JWKS_PATH = `/v1/b2b/sessions/jwks/${TEST_VARS.STYTCH_PROJECT_ID}`;

const clock = useUpstream();
const newOrganizations = (count: number) => Array.from({ length: count }, newOrganizationPath);

test("a 429 with Retry-After pauses its member until then, and callers get the time left", async () => {
  const path = newMemberPath();
  respondInTurn(upstream, limited());
  const first = await read(path);
  expect([first.status, first.headers.get("Retry-After")]).toEqual([503, "30"]);
  clock.atMs(12_500);
  const second = await read(path);
  expect(await second.json()).toMatchObject({ status_code: 503, error_type: "upstream_rate_limited" });
  expect(second.headers.get("Retry-After")).toBe("18");
  expect(logLines().at(-1)).toMatchObject({ upstream: null, upstream_detail: "not called: paused by a 429" });
  clock.atMs(29_999);
  await read(`${path}?include_deleted=true`);
  expect(upstream.requests).toHaveLength(1);
  respondInTurn(upstream, respondWithMember(upstream));
  clock.atMs(30_000);
  expect((await read(path)).status).toBe(200);
});

test("after one member's 429, another member, an organization and the JWKS are asked for", async () => {
  const refused = newMemberPath();
  respondInTurn(upstream, limited("4"), respondWithMember(upstream));
  expect((await read(refused)).status).toBe(503);
  expect((await read(newMemberPath())).status).toBe(200);
  expect(upstream.requests).toHaveLength(2);
  const known = organization();
  respondInTurn(upstream, () => json(organizationEnvelope(known)));
  expect((await read(organizationPath(known))).status).toBe(200);
  // Other tests read the JWKS from the same object.
  onTestFinished(async () => await evictAllDurableObjects());
  await read(JWKS_PATH);
  expect(upstream.requests).toHaveLength(4);
  expect((await read(refused)).status).toBe(503);
  expect(upstream.requests).toHaveLength(4);
});

test("after one organization's 429, another organization is asked for", async () => {
  const path = newOrganizationPath();
  respondInTurn(upstream, limited());
  expect((await read(path)).headers.get("Retry-After")).toBe("30");
  clock.at(10);
  expect((await createIsolate().call(path, { key })).headers.get("Retry-After")).toBe("20");
  expect(upstream.requests).toHaveLength(1);
  const known = organization();
  respondInTurn(upstream, () => json(organizationEnvelope(known)));
  expect((await read(organizationPath(known))).status).toBe(200);
});

test("after a 429 to an organization's slug, its ID is asked for: names are told apart", async () => {
  const known = organization();
  respondInTurn(upstream, limited(), () => json(organizationEnvelope(known)));
  expect((await read(organizationPath({ organization_id: known["organization_slug"] }))).status).toBe(503);
  expect((await read(organizationPath(known))).status).toBe(200);
});

test("three members refused in a row pause the reads of members, and of nothing else", async () => {
  respondInTurn(upstream, limited("4"));
  for (const _ of [1, 2, 3]) await read(newMemberPath());
  expect(upstream.requests).toHaveLength(3);
  clock.at(1);
  const refused = await read(newMemberPath());
  expect([refused.status, refused.headers.get("Retry-After")]).toEqual([503, "3"]);
  expect(upstream.requests).toHaveLength(3);
  const known = organization();
  respondInTurn(upstream, () => json(organizationEnvelope(known)));
  expect((await read(organizationPath(known))).status).toBe(200);
  respondInTurn(upstream, respondWithMember(upstream));
  clock.at(4);
  expect((await read(newMemberPath())).status).toBe(200);
});

test("three organizations refused in a row pause the reads of organizations, not of members", async () => {
  respondInTurn(upstream, limited());
  for (const path of newOrganizations(3)) await read(path);
  expect((await read(newOrganizationPath())).headers.get("Retry-After")).toBe("30");
  expect(upstream.requests).toHaveLength(3);
  respondInTurn(upstream, respondWithMember(upstream));
  expect((await read(newMemberPath())).status).toBe(200);
});

test("the operations of one client have pauses of their own, also for the same text", async () => {
  const stytch = new StytchClient(createConfig());
  respondInTurn(upstream, limited());
  for (const id of ["a", "b", "c", "d"]) await stytch.fetch(memberRead(id, false));
  expect(upstream.requests).toHaveLength(3);
  await stytch.fetch(organizationRead("a"));
  await stytch.fetch(jwksRead("a", z.unknown()));
  expect(upstream.requests).toHaveLength(5);
  expect((await stytch.fetch(organizationRead("a"))).call).toBeNull();
  expect((await stytch.fetch(jwksRead("a", z.unknown()))).call).toBeNull();
});

test.each([200, 404])("an answer of %i between refusals ends their row", async (status) => {
  for (const _ of [1, 2, 3, 4, 5]) {
    respondInTurn(upstream, limited());
    await read(newMemberPath());
    respondInTurn(
      upstream,
      status === 200 ? respondWithMember(upstream) : () => stytchError(404, "member_not_found"),
    );
    expect((await read(newMemberPath())).status).toBe(status);
  }
  expect(upstream.requests).toHaveLength(10);
});

test.each([
  ["999999999", "3600"],
  ["99999999999", "3600"],
  ["Fri, 31 Dec 9999 23:59:59 GMT", "3600"],
  ["3599", "3599"],
])("a pause of %s ends after an hour at most, and callers are told no more", async (header, told) => {
  const [member, known] = [newMemberPath(), newOrganizationPath()];
  respondInTurn(upstream, limited(header));
  for (const path of [member, known, member, known]) {
    expect((await read(path)).headers.get("Retry-After")).toBe(told);
  }
  expect(upstream.requests).toHaveLength(2);
  clock.atMs(Number(told) * 1_000 - 1);
  for (const path of [member, known]) expect((await read(path)).headers.get("Retry-After")).toBe("1");
  expect(upstream.requests).toHaveLength(2);
  clock.at(Number(told));
  for (const path of [member, known]) await read(path);
  expect(upstream.requests).toHaveLength(4);
});

test("a paused member does not use up the probe of an open circuit", async () => {
  const paused = newMemberPath();
  respondInTurn(upstream, limited());
  await read(paused);
  respondInTurn(upstream, respondWith(500));
  for (let i = 0; i < 10; i += 1) await read(newMemberPath());
  clock.at(2);
  expect(await (await read(paused)).json()).toMatchObject({ error_type: "upstream_rate_limited" });
  expect(upstream.requests).toHaveLength(11);
  respondInTurn(upstream, respondWithMember(upstream));
  expect((await read(newMemberPath())).status).toBe(200);
});

test("a clock that was set back does not prolong a pause", async () => {
  const path = newMemberPath();
  respondInTurn(upstream, limited(), respondWithMember(upstream));
  await read(path);
  clock.at(-1_800);
  expect((await read(path)).status).toBe(200);
});

test("stale entries hide a pause of all organizations, and are revalidated when it ends", async () => {
  const known = organization();
  respondInTurn(upstream, () => json(organizationEnvelope(known)));
  await read(organizationPath(known));
  respondInTurn(upstream, limited());
  clock.atMs(61_000);
  for (const path of newOrganizations(3)) await createIsolate().call(path, { key });
  expect(upstream.requests).toHaveLength(4);
  for (const ms of [62_000, 75_000, 90_999]) {
    clock.atMs(ms);
    const stale = await createIsolate().call(organizationPath(known), { key });
    expect(stale.headers.get("Cache-Status")).toBe(
      `postern; hit; ttl=${60 - Math.floor(ms / 1_000)}; detail=kv`,
    );
  }
  expect(upstream.requests).toHaveLength(4);
  // A paused call does not count as a failure of the organization, so that it causes no back-off.
  respondInTurn(upstream, () => json(organizationEnvelope(known)));
  clock.atMs(91_000);
  await createIsolate().call(organizationPath(known), { key });
  expect(upstream.requests).toHaveLength(5);
});
