/** Which signatures of a webhook are valid. */
import fc from "fast-check";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hasValidSignature } from "../../src/webhooks/stytch-event.ts";

/** The example of Svix: https://docs.svix.com/receiving/verifying-payloads/how-manual */
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ID = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const TIMESTAMP = 1_614_265_330;
const BODY = '{"test": 2432232314}';
const SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

const OTHER_SECRET = `whsec_${btoa("another secret of 24 bytes")}`;
const FORGED = `v1,${btoa("a".repeat(32))}`;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: TIMESTAMP * 1_000 });
});
afterEach(() => vi.useRealTimers());

/** The headers of the example, with these changes; null removes a header. */
function headersWith(changed: Record<string, string | null> = {}): Headers {
  const all = {
    "svix-id": ID,
    "svix-timestamp": String(TIMESTAMP),
    "svix-signature": SIGNATURE,
    ...changed,
  };
  return new Headers(Object.entries(all).filter((header): header is [string, string] => header[1] !== null));
}
const signed = (body: string, secret = SECRET, id = ID, timestamp = TIMESTAMP) =>
  new Webhook(secret).sign(id, new Date(timestamp * 1_000), body);

test("the signature of Svix's own example is valid", () => {
  expect(hasValidSignature(headersWith(), BODY, [SECRET])).toBe(true);
});

test.each([-300, -1, 0, 1, 300])("a signature is valid %i s after its timestamp", (seconds) => {
  vi.setSystemTime((TIMESTAMP + seconds) * 1_000);
  expect(hasValidSignature(headersWith(), BODY, [SECRET])).toBe(true);
});

test("a signature is valid until the end of the 300th second", () => {
  vi.setSystemTime((TIMESTAMP + 300) * 1_000 + 999);
  expect(hasValidSignature(headersWith(), BODY, [SECRET])).toBe(true);
});

test.each([
  ["as the first of several", `${SIGNATURE} ${FORGED}`],
  ["as the last of several", `${FORGED} ${FORGED} ${SIGNATURE}`],
  ["among those of other versions", `v2,${"x".repeat(44)} v1a,${"y".repeat(88)} ${SIGNATURE}`],
  ["among texts that are no signatures", `v1 v1, ,x  ${SIGNATURE}`],
])("a valid signature is found %s", (_, signature) => {
  expect(hasValidSignature(headersWith({ "svix-signature": signature }), BODY, [SECRET])).toBe(true);
});

test("a signature with either of two secrets is valid, in either order", () => {
  for (const secrets of [
    [SECRET, OTHER_SECRET],
    [OTHER_SECRET, SECRET],
  ]) {
    expect(hasValidSignature(headersWith(), BODY, secrets)).toBe(true);
    const others = headersWith({ "svix-signature": signed(BODY, OTHER_SECRET) });
    expect(hasValidSignature(others, BODY, secrets)).toBe(true);
  }
});

test("a malformed secret does not keep another one from being tried", () => {
  expect(hasValidSignature(headersWith(), BODY, ["whsec_!", SECRET])).toBe(true);
});

test("a signature in webhook- headers is valid", () => {
  const headers = new Headers({
    "webhook-id": ID,
    "webhook-timestamp": String(TIMESTAMP),
    "webhook-signature": SIGNATURE,
  });
  expect(hasValidSignature(headers, BODY, [SECRET])).toBe(true);
});

test.each(["", "not JSON", "株式会社 \u{1F600}", '\u{FEFF}{"a":1}', "\u0000", "a".repeat(65_536)])(
  "a signature of the body %j is valid, and invalid for another body",
  (body) => {
    expect(hasValidSignature(headersWith({ "svix-signature": signed(body) }), body, [SECRET])).toBe(true);
    expect(hasValidSignature(headersWith({ "svix-signature": signed(body) }), `${body} `, [SECRET])).toBe(
      false,
    );
  },
);

test.each([-301, 301, -86_400, 86_400])("a signature is invalid %i s after its timestamp", (seconds) => {
  vi.setSystemTime((TIMESTAMP + seconds) * 1_000);
  expect(hasValidSignature(headersWith(), BODY, [SECRET])).toBe(false);
});

test("a signature is invalid with another timestamp, though that is recent", () => {
  vi.setSystemTime((TIMESTAMP + 1_000) * 1_000);
  const headers = headersWith({ "svix-timestamp": String(TIMESTAMP + 1_000) });
  expect(hasValidSignature(headers, BODY, [SECRET])).toBe(false);
});

test("a signature is invalid with the ID of another message", () => {
  expect(hasValidSignature(headersWith({ "svix-id": "msg_other" }), BODY, [SECRET])).toBe(false);
});

test.each([BODY.replace("4", "5"), `${BODY}\n`, BODY.replace(" ", ""), "", BODY.toUpperCase()])(
  "a signature is invalid with the body %j in place of the signed one",
  (body) => {
    expect(hasValidSignature(headersWith(), body, [SECRET])).toBe(false);
  },
);

test("a signature is invalid with another secret, a part of it, or none", () => {
  for (const secrets of [[OTHER_SECRET], [SECRET.slice(0, -4)], [SECRET.toLowerCase()], ["whsec_"], []]) {
    expect(hasValidSignature(headersWith(), BODY, secrets)).toBe(false);
  }
});

test.each(["svix-id", "svix-timestamp", "svix-signature"])(
  "a signature is invalid without the header %s, or with an empty one",
  (name) => {
    expect(hasValidSignature(headersWith({ [name]: null }), BODY, [SECRET])).toBe(false);
    expect(hasValidSignature(headersWith({ [name]: "" }), BODY, [SECRET])).toBe(false);
  },
);

test("a webhook without any header has no valid signature", () => {
  expect(hasValidSignature(new Headers(), BODY, [SECRET])).toBe(false);
  expect(hasValidSignature(new Headers(), "", [SECRET])).toBe(false);
});

test.each([
  ["of version 2", SIGNATURE.replace("v1", "v2")],
  ["of version 1a", SIGNATURE.replace("v1", "v1a")],
  ["of an upper-case version", SIGNATURE.replace("v1", "V1")],
  ["of no version", SIGNATURE.replace("v1,", "")],
  ["of an empty version", SIGNATURE.replace("v1", "")],
  ["that is forged", FORGED],
  ["that is cut off", SIGNATURE.slice(0, -1)],
  ["that is longer", `${SIGNATURE}=`],
  ["in another case", `v1,${SIGNATURE.slice(3).toUpperCase()}`],
  ["that is empty", "v1,"],
  ["without a value", "v1"],
  ["of the signed text instead of its MAC", `v1,${btoa(`${ID}.${TIMESTAMP}.${BODY}`)}`],
  ["that is garbage", `,, v1,v1,v1 ,v1 ${"v1,".repeat(1_000)}`],
])("a signature %s is invalid", (_, signature) => {
  expect(hasValidSignature(headersWith({ "svix-signature": signature }), BODY, [SECRET])).toBe(false);
});

test.each([
  "now",
  "NaN",
  "Infinity",
  "-1614265330",
  "0",
  "0x60377b72",
  "1.614265330e9",
  `${TIMESTAMP}000`,
  "9".repeat(400),
  new Date(TIMESTAMP * 1_000).toISOString(),
])("a signature with the timestamp %s is invalid", (timestamp) => {
  expect(hasValidSignature(headersWith({ "svix-timestamp": timestamp }), BODY, [SECRET])).toBe(false);
});

test("no made-up headers give a valid signature", () => {
  const value = fc.oneof(
    fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) }),
    fc.constantFrom(String(TIMESTAMP), ID, "v1,", FORGED),
  );
  fc.assert(
    fc.property(value, value, value, (id, timestamp, signature) => {
      const headers = new Headers({
        "svix-id": id,
        "svix-timestamp": timestamp,
        "svix-signature": signature,
      });
      expect(hasValidSignature(headers, BODY, [SECRET, OTHER_SECRET])).toBe(false);
    }),
  );
});
