import { brotliCompressSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { type Json, member, memberEnvelope, organization, organizationEnvelope } from "../support/bodies.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import {
  type Answer,
  advance,
  answers,
  asked,
  json,
  read,
  readOrganization,
  send,
  stytchError,
  useAnsweringUpstream,
} from "./answering-upstream.ts";

useAnsweringUpstream();

const encoded = (encoding: string, body: string | Uint8Array) =>
  send(200, body, { "Content-Encoding": encoding });

/** Sends a part of a gzip body, and then breaks the connection off. */
const breakOff: Answer = (response) => {
  response.writeHead(200, { "Content-Encoding": "gzip" });
  response.write(gzipSync(envelope(organization())).subarray(0, 40), () => response.destroy());
};

const envelope = (org: Json) => JSON.stringify(organizationEnvelope(org));

const REFUSALS: [string, Answer][] = [
  ["401", stytchError(401, "unauthorized_credentials")],
  ["403", stytchError(403, "use_https")],
  ["408", stytchError(408, "request_timeout")],
  ["425", send(425)],
  ["499", stytchError(499, "client_closed_request")],
  ["302", send(302, "", { Location: "https://elsewhere.example/" })],
  ["304", send(304)],
  ["400 about the secret", stytchError(400, "secret_not_found")],
  ["400 about the billing", stytchError(400, "billing_not_verified")],
  ["400 about the plan", stytchError(400, "enterprise_endpoint")],
  ["400 about the client", stytchError(400, "invalid_user_agent")],
  ["400 in HTML", send(400, "<html>")],
  ["404 about the route", stytchError(404, "route_not_found")],
  ["404 about the project", stytchError(404, "project_not_found")],
  ["404 about a connected app", stytchError(404, "connected_app_not_found")],
  ["404 about a page", stytchError(404, "page_not_found")],
  ["404 of an unknown type", stytchError(404, "not_found")],
  ["404 in HTML", send(404, "<html>", { "Content-Type": "text/html" })],
  ["404 without a body", send(404)],
  ["404 that does not decompress", send(404, "no gzip", { "Content-Encoding": "gzip" })],
];

test.each(REFUSALS)(
  "a %s is hidden by the last valid entry, and so is a 503 after it",
  async (name, refusal) => {
    const org = organization();
    const id = String(org["organization_id"]);
    answers.set(id, json(organizationEnvelope(org)));
    expect((await readOrganization(id)).outcome).toEqual([200, undefined]);
    answers.set(id, refusal);
    // Stale: the refusal comes behind the answer.
    await advance(1_200);
    expect((await readOrganization(id)).outcome).toEqual([200, undefined]);
    await expect.poll(() => asked.get(id)).toBe(2);
    await advance(1_000);
    const hidden = await readOrganization(id);
    expect(hidden.outcome).toEqual([200, undefined]);
    expect(hidden.cacheStatus).toMatch(/^postern; hit; ttl=-/);
    answers.set(id, stytchError(503, "server_unavailable"));
    await advance(1_500);
    expect((await readOrganization(id)).outcome).toEqual([200, undefined]);
    answers.set(id, refusal);
    const forced = await read(organizationPath(id), { "Postern-Cache": "refresh" });
    expect([name, ...forced.outcome]).toEqual([name, 502, "upstream_rejected"]);
    expect((await readOrganization(id)).outcome).toEqual([200, undefined]);
  },
);

test.each(REFUSALS)("a %s is 502 if nothing older is known, and is not remembered", async (_, refusal) => {
  const org = organization();
  const one = member({ organization_id: org["organization_id"] });
  const names = [String(org["organization_id"]), String(one["member_id"])];
  const paths = [organizationPath(org), memberPath(one)];
  for (const name of names) answers.set(name, refusal);
  for (const path of paths) expect((await read(path)).outcome).toEqual([502, "upstream_rejected"]);
  for (const name of names) expect(asked.get(name)).toBe(1);
  answers.set(names[0] ?? "", json(organizationEnvelope(org)));
  answers.set(names[1] ?? "", json(memberEnvelope(one, org)));
  for (const path of paths) expect((await read(path)).outcome).toEqual([200, undefined]);
});

test.each([
  ["404 of its own type", stytchError(404, "organization_not_found"), [404, "organization_not_found"]],
  ["404 about the ID", stytchError(404, "invalid_organization_id"), [404, "organization_not_found"]],
  ["400 of its own type", stytchError(400, "invalid_organization_slug"), [400, "invalid_organization_slug"]],
  ["400 of a general type", stytchError(400, "bad_request"), [400, "bad_request"]],
])("a %s about the organization ends the entry", async (_, answer, outcome) => {
  const org = organization();
  const id = String(org["organization_id"]);
  answers.set(id, json(organizationEnvelope(org)));
  expect((await readOrganization(id)).outcome).toEqual([200, undefined]);
  answers.set(id, answer);
  await advance(2_100);
  for (const _ of [1, 2]) expect((await readOrganization(id)).outcome).toEqual(outcome);
  answers.set(id, stytchError(401, "unauthorized_credentials"));
  expect((await readOrganization(id)).outcome).toEqual(
    outcome[0] === 404 ? outcome : [502, "upstream_rejected"],
  );
});

test.each([
  ["no message", { error_type: "organization_not_found" }],
  ["a long message", { error_type: "organization_not_found", error_message: "m".repeat(2_100) }],
  [
    "null in every other field",
    { error_type: "organization_not_found", error_message: null, error_url: null },
  ],
])("a 404 whose body has %s says that the organization is missing", async (_, body) => {
  const id = `organization-test-${crypto.randomUUID()}`;
  answers.set(id, json({ status_code: 404, ...body }, 404));
  expect((await readOrganization(id)).outcome).toEqual([404, "organization_not_found"]);
});

test("a 400 without a message is passed on with a neutral one, and a long message is cut", async () => {
  const slug = crypto.randomUUID();
  const error = { status_code: 400, error_type: "invalid_organization_slug" };
  answers.set(slug, json(error, 400));
  expect((await readOrganization(slug)).body).toMatchObject({
    ...error,
    error_message: "Stytch gave no reason.",
  });
  answers.set(slug, json({ ...error, error_message: "m".repeat(2_100) }, 400));
  expect((await readOrganization(slug)).body).toMatchObject({ ...error, error_message: "m".repeat(2_000) });
});

test("a 404 about a member says that the member is missing, and nothing of an organization", async () => {
  const org = organization();
  const one = member({ organization_id: org["organization_id"] });
  for (const name of [String(org["organization_id"]), String(one["member_id"])])
    answers.set(name, stytchError(404, "member_not_found"));
  expect((await read(organizationPath(org))).outcome).toEqual([502, "upstream_rejected"]);
  expect((await read(memberPath(one))).outcome).toEqual([404, "member_not_found"]);
});

const valid = envelope(organization());
const truncated = gzipSync(valid).subarray(0, -12);

test.each<[string, Answer]>([
  ["gzip over bytes that are none", encoded("gzip", valid)],
  ["gzip over nothing", encoded("gzip", "")],
  ["gzip that is cut short", encoded("gzip", truncated)],
  [
    "gzip cut short, with its length",
    send(200, truncated, { "Content-Encoding": "gzip", "Content-Length": `${truncated.length}` }),
  ],
  [
    "gzip with something behind it",
    encoded("gzip", Buffer.concat([gzipSync(valid), Buffer.from("behind it")])),
  ],
  ["brotli over bytes that are none", encoded("br", valid)],
  ["brotli that is cut short", encoded("br", brotliCompressSync(valid).subarray(0, -12))],
  ["deflate that nobody decodes", encoded("deflate", gzipSync(valid))],
  ["gzip of 30 MiB of blanks", encoded("gzip", gzipSync(Buffer.alloc(30 * 1024 * 1024, " ")))],
])("%s is 502 after one attempt, and does not open the circuit", async (_, answer) => {
  const ids = Array.from({ length: 11 }, () => `organization-test-${crypto.randomUUID()}`);
  for (const id of ids) {
    answers.set(id, answer);
    expect((await readOrganization(id)).outcome).toEqual([502, "upstream_invalid_response"]);
    expect(asked.get(id)).toBe(1);
  }
});

test.each<[string, (body: string) => Answer]>([
  ["gzip", (body) => encoded("gzip", gzipSync(body))],
  ["brotli", (body) => encoded("br", brotliCompressSync(body))],
  ["no encoding", (body) => encoded("identity", body)],
])("a body in %s is read", async (_, answer) => {
  const org = organization();
  answers.set(String(org["organization_id"]), answer(envelope(org)));
  expect((await readOrganization(String(org["organization_id"]))).body).toMatchObject({ organization: org });
});

test("an encoded body whose connection breaks off is retried, and is 503 at the end", async () => {
  const org = organization();
  const id = String(org["organization_id"]);
  answers.set(id, breakOff);
  expect((await readOrganization(id)).outcome).toEqual([503, "upstream_unavailable"]);
  expect(asked.get(id)).toBe(3);
  answers.set(id, (response) => {
    answers.set(id, encoded("gzip", gzipSync(envelope(org))));
    breakOff(response);
  });
  expect((await readOrganization(id)).outcome).toEqual([200, undefined]);
  expect(asked.get(id)).toBe(5);
});
