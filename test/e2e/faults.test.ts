/** Every fault of an upstream on real sockets: what callers get, how soon, and that nothing of it is cached. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { SECRETS } from "../../dev/credentials.ts";
import { demo, organizations } from "../../sandbox/seed.ts";
import { memberPath, organizationPath } from "../support/paths.ts";
import { type ClockedPostern, startClockedPostern } from "./postern.ts";

/** Longer than a busy machine takes for an answer of the sandbox. */
const TIMEOUT_MS = 1_000;
let postern: ClockedPostern;
let key: string;
let nextOrganization = 30;

beforeAll(async () => {
  postern = await startClockedPostern({ UPSTREAM_TIMEOUT_MS: String(TIMEOUT_MS) });
  key = await postern.createKey(["organizations:read", "members:dangerously_get"]);
  // The sandbox creates its members at the first look, which takes about as long as the deadline.
  await (await fetch(`${postern.sandboxUrl}/_sandbox/members?limit=1`)).arrayBuffer();
});
afterAll(async () => await postern.stop());
beforeEach(async () => {
  await postern.control("DELETE", "faults");
  // A call that succeeds closes the circuit.
  await postern.upstreamCalls();
  expect((await read(MEMBER_PATH)).status).toBe(200);
});

const MEMBER_PATH = memberPath(demo.member_id);
/** The path of an organization that no test has read. */
const coldPath = () => organizationPath(String(organizations[nextOrganization++]?.organization_id));

async function read(
  path: string,
): Promise<{ status: number; type: unknown; headers: Headers; text: string; ms: number }> {
  const began = performance.now();
  const response = await fetch(postern.url + path, { headers: { Authorization: `Bearer ${key}` } });
  const text = await response.text();
  const { error_type: type } = JSON.parse(text) as { error_type?: unknown };
  return { status: response.status, type, headers: response.headers, text, ms: performance.now() - began };
}

const status = (code: number, more: object = {}) => ({ kind: "status", status: code, ...more });

test.each<[string, object, number, string]>([
  ["hangs before its headers", { kind: "hang" }, 504, "upstream_timeout"],
  ["drips", { kind: "drip" }, 504, "upstream_timeout"],
  ["breaks off its body", { kind: "cut" }, 503, "upstream_unavailable"],
  ["answers HTML with 200", { kind: "html" }, 502, "upstream_invalid_response"],
  ["answers an empty 200", { kind: "empty" }, 502, "upstream_invalid_response"],
  ["answers []", { kind: "array" }, 502, "upstream_invalid_response"],
  ["answers null", { kind: "null" }, 502, "upstream_invalid_response"],
  ["answers 20,000 levels of nesting", { kind: "deep" }, 502, "upstream_invalid_response"],
  ["answers 3 MiB", { kind: "huge" }, 502, "upstream_invalid_response"],
  ["answers without end", { kind: "endless" }, 502, "upstream_invalid_response"],
  ["answers invalid UTF-8", { kind: "invalid_utf8" }, 502, "upstream_invalid_response"],
  ["answers another organization", { kind: "other_organization" }, 502, "upstream_invalid_response"],
  ["redirects to another host", { kind: "redirect" }, 502, "upstream_rejected"],
  ["answers 401", status(401), 502, "upstream_rejected"],
  ["answers 403", status(403), 502, "upstream_rejected"],
  [
    "refuses the project with 400",
    status(400, { error_type: "invalid_project_id_authentication" }),
    502,
    "upstream_rejected",
  ],
  ["answers 418", status(418), 502, "upstream_rejected"],
  // Without a time, it would pause what the next test reads: pauses.test.ts.
  ["answers 429", status(429, { retry_after: 0 }), 503, "upstream_rate_limited"],
  ["answers 500", status(500), 503, "upstream_unavailable"],
  ["answers 502", status(502), 503, "upstream_unavailable"],
  ["answers 503", status(503), 503, "upstream_unavailable"],
  ["answers 504", status(504), 503, "upstream_unavailable"],
  ["answers 404", status(404), 404, ""],
])("a Stytch that %s is reported with its own error within the deadline", async (_, fault, code, type) => {
  await postern.control("POST", "faults", fault);
  const path = coldPath();
  const paths = (fault as { kind: string }).kind === "other_organization" ? [path] : [path, MEMBER_PATH];
  for (const one of paths) {
    const response = await read(one);
    const expected = type || (one === MEMBER_PATH ? "member_not_found" : "organization_not_found");
    expect([response.status, response.type]).toEqual([code, expected]);
    expect(response.ms).toBeLessThan(TIMEOUT_MS + 1_000);
    expect(Object.keys(JSON.parse(response.text) as object).sort()).toEqual([
      "error_message",
      "error_type",
      "error_url",
      "request_id",
      "status_code",
    ]);
    for (const secret of SECRETS) expect(response.text.includes(secret)).toBe(false);
  }
  await postern.control("DELETE", "faults");
  expect((await read(MEMBER_PATH)).status).toBe(200);
  if (code === 404) return;
  const healthy = await read(path);
  expect(healthy.status).toBe(200);
  expect(healthy.headers.get("Cache-Status")).toBe("postern; fwd=miss; fwd-status=200; stored");
});

test("a valid body with another content type is accepted", async () => {
  await postern.control("POST", "faults", { kind: "wrong_type" });
  expect((await read(MEMBER_PATH)).status).toBe(200);
  const response = await read(coldPath());
  expect([response.status, response.headers.get("Content-Type")]).toEqual([200, "application/json"]);
});

test("a 400 of Stytch keeps its error type, and loses a secret that it echoes", async () => {
  await postern.control("POST", "faults", status(400, { error_type: "invalid_organization_slug" }));
  const refused = await read(coldPath());
  expect([refused.status, refused.type]).toEqual([400, "invalid_organization_slug"]);
  await postern.control("DELETE", "faults");
  await postern.control("POST", "faults", { kind: "echo" });
  const echoed = await read(coldPath());
  expect(echoed.text).toContain("[removed]");
  for (const secret of SECRETS) expect(echoed.text.includes(secret)).toBe(false);
});

/** Fields that both kinds of response have. */
const ofBoth = ["organization_id", "organization_name", "organization_slug", "organization", "request_id"];
const ofMembers = ["member_id", "email_address", "status", "member"];

test.each([...ofBoth, ...ofMembers])(
  "a response without %s, or with another type of it, is answered 502",
  async (field) => {
    for (const kind of ["missing_field", "mistyped_field"]) {
      await postern.control("DELETE", "faults");
      await postern.control("POST", "faults", { kind, field });
      for (const path of ofBoth.includes(field) ? [coldPath(), MEMBER_PATH] : [MEMBER_PATH]) {
        const response = await read(path);
        expect([kind, response.status, response.type]).toEqual([kind, 502, "upstream_invalid_response"]);
      }
    }
  },
);

test("a failed attempt is retried within the deadline, and the caller gets a 200", async () => {
  await postern.control("POST", "faults", { ...status(503), times: 2 });
  await postern.upstreamCalls();
  expect((await read(MEMBER_PATH)).status).toBe(200);
  expect(await postern.upstreamCalls()).toBe(3);
  await postern.control("POST", "faults", { kind: "cut", times: 1 });
  expect((await read(coldPath())).status).toBe(200);
  expect(await postern.upstreamCalls()).toBe(2);
});

test("the circuit opens after ten failures, half-opens every 2 s, and then closes", async () => {
  await postern.control("POST", "faults", status(500));
  await postern.upstreamCalls();
  await Promise.all(Array.from({ length: 12 }, async () => await read(MEMBER_PATH)));
  for (let i = 0; i < 20; i += 1) {
    const response = await read(i % 2 === 0 ? MEMBER_PATH : coldPath());
    expect([response.status, response.type]).toEqual([503, "upstream_unavailable"]);
    expect(response.ms).toBeLessThan(TIMEOUT_MS);
  }
  expect(await postern.upstreamCalls()).toBeLessThanOrEqual(13);
  await postern.control("DELETE", "faults");
  await postern.advance(2_100);
  expect((await read(MEMBER_PATH)).status).toBe(200);
  expect((await read(coldPath())).status).toBe(200);
});
