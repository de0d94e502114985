/** Webhooks that are refused: without a secret, with another method, without a valid signature, or too large. */
import { beforeEach, expect, test, vi } from "vitest";
import { NOW, useClock } from "../support/clock.ts";
import { createIsolate, type TestIsolate } from "../support/deployment.ts";
import { logLines } from "../support/egress.ts";
import { TEST_VARS } from "../support/vars.ts";
import { NEXT_SECRET, SECRET, signed } from "../support/webhook.ts";
import {
  expectAccepted,
  expectNothingPurged,
  setUpWebhooks,
  WEBHOOK_PATH,
  type WebhookSetUp,
} from "../support/webhook-receiver.ts";

const clock = useClock();
let setUp: WebhookSetUp;
let receiver: TestIsolate;

beforeEach(async () => {
  setUp = await setUpWebhooks();
  receiver = setUp.isolate;
});

test.each(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])(
  "%s of a signed webhook is 404 if no webhook secret is set",
  async (method) => {
    for (const without of [createIsolate(), createIsolate({ STYTCH_WEBHOOK_SECRET: "" })]) {
      const { headers, body } = signed(setUp.updateEvent());
      const answer = await without.call(WEBHOOK_PATH, {
        method,
        headers,
        ...(method === "POST" ? { body } : {}),
      });
      expect([answer.status, answer.headers.get("Allow")]).toEqual([404, null]);
      if (method !== "HEAD") expect(await answer.json()).toMatchObject({ error_type: "route_not_found" });
      expect(without.counts).toEqual({ kvReads: 0, kvWrites: 0, objects: {} });
    }
  },
);

test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])(
  "%s of the webhook path is 405 with Allow: POST",
  async (method) => {
    const answer = await receiver.call(WEBHOOK_PATH, { method, headers: signed("").headers });
    expect([answer.status, answer.headers.get("Allow")]).toEqual([405, "POST"]);
    if (method !== "HEAD") expect(await answer.json()).toMatchObject({ error_type: "method_not_allowed" });
    expect(receiver.counts.objects).toEqual({});
  },
);

test.each(["/webhooks", "/webhooks/", "/webhooks/other", "/webhooks/stytch/more"])(
  "the path %s is 404, even with a signed event",
  async (path) => {
    const answer = await receiver.call(path, signed(setUp.updateEvent()));
    expect(await answer.json()).toMatchObject({ status_code: 404, error_type: "route_not_found" });
    expect(receiver.counts.objects).toEqual({});
  },
);

test("the webhook path answers no CORS preflight, not even with CORS_ORIGINS=*", async () => {
  const open = createIsolate({ STYTCH_WEBHOOK_SECRET: SECRET, CORS_ORIGINS: "*" });
  const headers = { Origin: "https://page.example", "Access-Control-Request-Method": "POST" };
  const answer = await open.call(WEBHOOK_PATH, { method: "OPTIONS", headers });
  expect([answer.status, answer.headers.get("Access-Control-Allow-Origin")]).toEqual([405, null]);
});

const unsigned = () => ({ ...signed(setUp.updateEvent()), headers: { "Content-Type": "application/json" } });
const withHeader = (name: string, value: string) => signed(setUp.updateEvent(), SECRET, { [name]: value });

test.each<[string, () => ReturnType<typeof signed> | ReturnType<typeof unsigned>]>([
  ["a webhook without a signature", unsigned],
  [
    "a webhook with the admin token as its signature",
    () => withHeader("svix-signature", TEST_VARS.ADMIN_TOKEN),
  ],
  ["a webhook signed with another secret", () => signed(setUp.updateEvent(), NEXT_SECRET)],
  ["a webhook with a signature of another version", () => withHeader("svix-signature", "v2,AAAA")],
  [
    "a webhook whose body was changed",
    () => ({ ...signed(setUp.updateEvent()), body: JSON.stringify(setUp.updateEvent()) }),
  ],
  ["a webhook whose body was removed", () => ({ ...signed(setUp.updateEvent()), body: "" })],
  ["a webhook with the ID of another message", () => withHeader("svix-id", "msg_other")],
  ["a webhook with another timestamp", () => withHeader("svix-timestamp", String(NOW / 1_000 + 1))],
  ["a webhook with a malformed timestamp", () => withHeader("svix-timestamp", "now")],
])("%s is refused with 401, and purges nothing", async (_, request) => {
  await receiver.call(setUp.path, { key: setUp.key });
  receiver.resetCounts();
  const answer = await receiver.call(WEBHOOK_PATH, request());
  expect(answer.status).toBe(401);
  expect(answer.headers.get("WWW-Authenticate")).toBe('Svix realm="postern"');
  expect(answer.headers.get("Content-Type")).toBe("application/json");
  expect(await answer.json()).toEqual({
    status_code: 401,
    request_id: answer.headers.get("X-Request-Id"),
    error_type: "invalid_signature",
    error_message: expect.stringMatching(/./),
    error_url: "https://postern.test/docs/errors#invalid_signature",
  });
  expect(logLines().at(-1)).toMatchObject({
    route: WEBHOOK_PATH,
    status: 401,
    error_type: "invalid_signature",
    key_id: null,
  });
  await expectNothingPurged(setUp, clock.at);
});

test("a webhook is refused 301 s before or after its time, and accepted at 300 s", async () => {
  await receiver.call(setUp.path, { key: setUp.key });
  receiver.resetCounts();
  const request = signed(setUp.updateEvent());
  for (const seconds of [301, -301]) {
    clock.at(seconds);
    expect((await receiver.call(WEBHOOK_PATH, request)).status).toBe(401);
  }
  expect(receiver.counts.objects).toEqual({});
  for (const seconds of [300, -300]) {
    clock.at(seconds);
    await expectAccepted(await receiver.call(WEBHOOK_PATH, request));
  }
});

const bytesOf = (text: string) => new TextEncoder().encode(text).byteLength;
const MIB = 1_048_576;

/** An event of this size whose organization is as large as that, in characters of three bytes. */
function eventOfBytes(bytes: number): string {
  const body = setUp.updateEvent();
  const sizeOf = (padding: string) =>
    bytesOf(JSON.stringify({ ...body, organization: { ...setUp.organization, padding } }));
  const rest = bytes - sizeOf("");
  const padding = "株".repeat(Math.floor(rest / 3)) + "a".repeat(rest % 3);
  return JSON.stringify({ ...body, organization: { ...setUp.organization, padding } });
}

/** The same request with its body in pieces, and so without a `Content-Length`. */
function chunked(request: ReturnType<typeof signed>) {
  const bytes = new TextEncoder().encode(request.body);
  let at = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.subarray(at, at + 100_000));
      at += 100_000;
    },
  });
  return { ...request, stream, readBytes: () => at };
}

test.each([65_537, 300_000, MIB])("a webhook of %i bytes is accepted, and purges", async (bytes) => {
  const body = eventOfBytes(bytes);
  expect(bytesOf(body)).toBe(bytes);
  await expectAccepted(await setUp.deliver(body));
  expect(receiver.counts.objects).toEqual({ purge: 4 });
});

test("a webhook of 1 MiB and 1 byte is refused, though it is signed", async () => {
  const answer = await setUp.deliver(eventOfBytes(MIB + 1));
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({
    error_type: "invalid_request",
    error_message: expect.stringContaining(String(MIB)),
  });
  expect(receiver.counts.objects).toEqual({});
});

test("a webhook without a Content-Length is read up to 1 MiB, and no further", async () => {
  await expectAccepted(await receiver.call(WEBHOOK_PATH, chunked(signed(eventOfBytes(MIB)))));
  expect(receiver.counts.objects).toEqual({ purge: 4 });
  receiver.resetCounts();
  const endless = chunked(signed(eventOfBytes(4 * MIB)));
  expect((await receiver.call(WEBHOOK_PATH, endless)).status).toBe(400);
  expect(endless.readBytes()).toBeLessThan(2 * MIB);
  expect(receiver.counts.objects).toEqual({});
});

test("a webhook of 1 MiB is not parsed before its signature is checked", async () => {
  const parse = vi.spyOn(JSON, "parse");
  for (const body of ["[".repeat(MIB), eventOfBytes(MIB)]) {
    const answer = await receiver.call(WEBHOOK_PATH, signed(body, NEXT_SECRET));
    expect(answer.status).toBe(401);
  }
  expect(parse.mock.calls.filter(([text]) => text.length > 1_000)).toEqual([]);
  parse.mockRestore();
  expect(receiver.counts.objects).toEqual({});
});

test("a genuine webhook of 1 MiB of brackets is accepted and purges nothing", async () => {
  await expectAccepted(await setUp.deliver("[".repeat(MIB)));
  expect(receiver.counts.objects).toEqual({});
});
