/** Webhooks about an organization, from the request of Svix to what every isolate answers. */
import { beforeEach, expect, test } from "vitest";
import { nameIn } from "../support/cached.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { organizationPath } from "../support/paths.ts";
import { stytchError } from "../support/upstream.ts";
import { NEXT_SECRET, SECRET, signed } from "../support/webhook.ts";
import {
  eventNow,
  expectAccepted,
  LEASE_SECONDS,
  setUpWebhooks,
  WEBHOOK_PATH,
  type WebhookSetUp,
} from "../support/webhook-receiver.ts";

const clock = useClock();
let setUp: WebhookSetUp;
let receiver: TestIsolate;
let key: string;

beforeEach(async () => {
  setUp = await setUpWebhooks();
  ({ isolate: receiver, key } = setUp);
});

const nameAt = async (reader: TestIsolate, path: string) => await nameIn(await reader.call(path, { key }));
const statusAt = async (reader: TestIsolate, path: string) => (await reader.call(path, { key })).status;

test("an event purges its organization by all names: here at once, far in a lease", async () => {
  const { paths, upstream } = setUp;
  const far = createIsolate();
  for (const reader of [receiver, far]) {
    for (const path of paths) expect(await nameAt(reader, path)).not.toBe("Renamed");
  }
  const before = upstream.requests.length;
  setUp.change({ organization_name: "Renamed" });
  await expectAccepted(await setUp.deliver(setUp.updateEvent()));
  expect(upstream.requests).toHaveLength(before);
  for (const path of paths) expect(await nameAt(receiver, path)).toBe("Renamed");
  clock.at(LEASE_SECONDS);
  for (const reader of [far, createIsolate()]) {
    for (const path of paths) expect(await nameAt(reader, path)).toBe("Renamed");
  }
});

test("an event costs one call of the Directory, one per name, and no upstream call", async () => {
  await expectAccepted(await setUp.deliver(setUp.updateEvent()));
  expect(receiver.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: { purge: 4 } });
  expect(setUp.upstream.requests).toHaveLength(0);
  expect(logLines().at(-1)).toMatchObject({
    route: WEBHOOK_PATH,
    method: "POST",
    status: 204,
    error_type: null,
  });
});

test("the organization inside an event is never served", async () => {
  const { organization, path, upstream } = setUp;
  await receiver.call(path, { key });
  const inEvent = { ...organization, organization_name: "Only in the event" };
  await setUp.deliver(setUp.updateEvent({ organization: inEvent }));
  expect(await nameAt(receiver, path)).toBe(organization["organization_name"]);
  expect(upstream.requests).toHaveLength(2);
});

test("an event that moves a slug purges the old slug, and the 404 of the new one", async () => {
  const { slugPath: oldPath, respond, upstream } = setUp;
  const newSlug = `moved-${crypto.randomUUID().slice(0, 8)}`;
  const newPath = organizationPath(newSlug);
  const far = createIsolate();
  const isKnown = (name: unknown) =>
    [setUp.organization["organization_id"], setUp.organization["organization_slug"]].includes(name);
  upstream.answer(({ url }) =>
    isKnown(decodeURIComponent(url.split("/").at(-1) ?? ""))
      ? respond()
      : stytchError(404, "organization_not_found"),
  );
  for (const reader of [receiver, far]) {
    expect(await statusAt(reader, oldPath)).toBe(200);
    expect(await statusAt(reader, newPath)).toBe(404);
  }
  setUp.change({ organization_slug: newSlug });
  await expectAccepted(await setUp.deliver(setUp.updateEvent()));
  const expectMoved = async (reader: TestIsolate) => {
    expect(await statusAt(reader, oldPath)).toBe(404);
    expect(await statusAt(reader, newPath)).toBe(200);
  };
  await expectMoved(receiver);
  clock.at(LEASE_SECONDS);
  for (const reader of [far, createIsolate()]) await expectMoved(reader);
});

test("an event that has only the ID purges the organization by its other names, too", async () => {
  const { organization, path, slugPath, upstream } = setUp;
  const far = createIsolate();
  await receiver.call(path, { key });
  await far.call(slugPath, { key });
  upstream.answer(() => stytchError(404, "organization_not_found"));
  const id = organization["organization_id"];
  await expectAccepted(await setUp.deliver(eventNow({ object_type: "organization", action: "DELETE", id })));
  expect(await statusAt(receiver, path)).toBe(404);
  clock.at(LEASE_SECONDS);
  for (const reader of [receiver, far, createIsolate()]) {
    for (const one of [path, slugPath]) expect(await statusAt(reader, one)).toBe(404);
  }
});

test("an event that Svix sends twice is accepted twice, and costs one more read", async () => {
  const { path, upstream } = setUp;
  await receiver.call(path, { key });
  setUp.change({ organization_name: "Renamed" });
  const request = signed(setUp.updateEvent());
  await expectAccepted(await receiver.call(WEBHOOK_PATH, request));
  expect(await nameAt(receiver, path)).toBe("Renamed");
  clock.at(60);
  await expectAccepted(await receiver.call(WEBHOOK_PATH, request));
  for (let i = 0; i < 3; i += 1) expect(await nameAt(receiver, path)).toBe("Renamed");
  expect(upstream.requests).toHaveLength(3);
});

test("an event is accepted with webhook- headers, and with one valid signature of two", async () => {
  const { headers, ...request } = signed(setUp.updateEvent());
  const renamed = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.replace("svix-", "webhook-"), value]),
  );
  await expectAccepted(await receiver.call(WEBHOOK_PATH, { ...request, headers: renamed }));
  const several = { ...headers, "svix-signature": `v1,AAAA ${headers["svix-signature"]}` };
  await expectAccepted(await receiver.call(WEBHOOK_PATH, { ...request, headers: several }));
  expect(receiver.counts.objects["purge"]).toBe(8);
});

test("an event may be signed with either secret while they rotate, and with no third", async () => {
  const rotating = createIsolate({ STYTCH_WEBHOOK_SECRET: `${SECRET} ${NEXT_SECRET}` });
  const deliver = async (secret: string) =>
    await rotating.call(WEBHOOK_PATH, signed(setUp.updateEvent(), secret));
  for (const secret of [SECRET, NEXT_SECRET]) await expectAccepted(await deliver(secret));
  expect(rotating.counts.objects["purge"]).toBe(8);
  expect((await deliver(`whsec_${btoa("a third, of 24 bytes....")}`)).status).toBe(401);
  expect(rotating.counts.objects["purge"]).toBe(8);
});
