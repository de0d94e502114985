/** What pages, webhooks and mistaken SDKs meet at the edge of Postern, over sockets: no client normalizes it. */
import { connect } from "node:net";
import { Webhook } from "standardwebhooks";
import { B2BClient } from "stytch";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { PROJECT_ID } from "../../dev/credentials.ts";
import { demo } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";
import { type SandboxedPostern, startPostern } from "./postern.ts";

const PAGE = "https://pr-12.app.example";
const WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PATH = organizationPath(demo.organization_slug);
const MIB = 1_048_576;

let postern: SandboxedPostern;
let key: string;

beforeAll(async () => {
  postern = await startPostern({
    CORS_ORIGINS: "https://*.app.example",
    STYTCH_WEBHOOK_SECRET: WEBHOOK_SECRET,
  });
  key = await postern.createKey(["organizations:read"]);
});
afterAll(async () => await postern.stop());
beforeEach(async () => void (await postern.upstreamCalls()));

interface RawResponse {
  readonly status: number;
  /** By name in lower case; of repeated headers the last. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends these lines as they are, then `body`, and reads until the server closes. */
async function raw(lines: readonly string[], body: readonly (string | Buffer)[] = []): Promise<RawResponse> {
  const { hostname, port } = new URL(postern.url);
  const text = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = "";
    socket.setEncoding("utf8").on("data", (data: string) => {
      received += data;
    });
    socket.on("end", () => resolve(received));
    // A server that refuses a body may close before it has read all of it.
    socket.on("error", (error) => (received === "" ? reject(error) : resolve(received)));
    socket.write(
      [lines[0], `Host: ${hostname}`, ...lines.slice(1), "Connection: close", "", ""].join("\r\n"),
    );
    for (const part of body) socket.write(part);
  });
  const [head = ""] = text.split("\r\n\r\n");
  const [statusLine = "", ...fields] = head.split("\r\n");
  const headers = fields.map((field) => {
    const [name = "", ...value] = field.split(":");
    return [name.toLowerCase(), value.join(":").trim()] as const;
  });
  return { status: Number(statusLine.split(" ")[1]), headers: Object.fromEntries(headers) };
}

const preflight = async (headers: readonly string[]) =>
  await raw([`OPTIONS ${PATH} HTTP/1.1`, "Access-Control-Request-Method: GET", ...headers]);

test("a preflight of a wildcard origin allows each asked header over a socket", async () => {
  const asked = "authorization,cache-control,content-type,pragma,traceparent,user-agent";
  const { status, headers } = await preflight([
    `Origin: ${PAGE}`,
    `Access-Control-Request-Headers: ${asked}`,
    "Access-Control-Request-Private-Network: true",
  ]);
  expect(status).toBe(204);
  expect(headers).toMatchObject({
    "access-control-allow-origin": PAGE,
    "access-control-max-age": "7200",
    "access-control-allow-headers": expect.stringContaining(asked),
  });
  expect(headers).not.toHaveProperty("access-control-allow-private-network");
  expect(await postern.upstreamCalls()).toBe(0);
});

test.each([
  ["two Origin headers", [`Origin: ${PAGE}`, "Origin: https://evil.example"]],
  ["the same Origin twice", [`Origin: ${PAGE}`, `Origin: ${PAGE}`]],
  ["the origin null", ["Origin: null"]],
  ["two labels", ["Origin: https://a.b.app.example"]],
  ["no label", ["Origin: https://app.example"]],
  ["capitals", ["Origin: https://A.app.example"]],
  ["another port", ["Origin: https://a.app.example:8443"]],
  ["bytes that are not ASCII", ["Origin: https://\u00e4.app.example"]],
])("a preflight with %s is told nothing", async (_, headers) => {
  const response = await preflight(headers);
  expect(response.status).toBe(204);
  expect(Object.keys(response.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
});

test.each([
  ["12,000 characters", `x-${"a".repeat(12_000)}`],
  ["a control character", "x-a, x-\u0001b"],
  ["bytes that are not ASCII", "x-\u00e4"],
  ["markup", "x-a, <b>"],
  ["nothing", ""],
])("a preflight that asks for %s gets none of it back", async (_, asked) => {
  const response = await preflight([`Origin: ${PAGE}`, `Access-Control-Request-Headers: ${asked}`]);
  // The runtime may refuse what is no header at all.
  if (response.status === 400) return;
  expect(response.status).toBe(204);
  expect(response.headers["access-control-allow-headers"]).toBe("Authorization, *");
});

test.each([
  ["OPTIONS", PATH, 405, "GET, HEAD"],
  ["OPTIONS", "/admin/keys", 405, "GET, HEAD, POST"],
  ["OPTIONS", "/webhooks/stytch", 405, "POST"],
  ["OPTIONS", "/nowhere", 404, undefined],
])("%s %s without an Origin is answered %i over a socket", async (method, path, status, allow) => {
  const response = await raw([`${method} ${path} HTTP/1.1`]);
  expect([response.status, response.headers["allow"]]).toEqual([status, allow]);
});

test("200, 304, 401 and 404 over a socket can be read by a page, their timing included", async () => {
  const call = async (path: string, init: { key?: string; etag?: string; method?: string } = {}) => {
    const headers = new Headers({ Origin: PAGE });
    if (init.key !== undefined) headers.set("Authorization", `Bearer ${init.key}`);
    if (init.etag !== undefined) headers.set("If-None-Match", init.etag);
    return await fetch(postern.url + path, { headers, method: init.method ?? "GET" });
  };
  const first = await call(PATH, { key });
  const etag = String(first.headers.get("ETag"));
  const answers = [
    first,
    await call(PATH, { key, etag }),
    await call(PATH, { key, method: "HEAD" }),
    await call(PATH),
    await call(organizationPath("nosuch"), { key }),
    await call("/v1/b2b/rbac/policies"),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 304, 200, 401, 404, 404]);
  for (const { headers } of answers) {
    expect(headers.get("Access-Control-Allow-Origin")).toBe(PAGE);
    expect(headers.get("Timing-Allow-Origin")).toBe(PAGE);
    expect(headers.get("Vary")).toMatch(/Origin/);
  }
});

function signedEvent(bytes: number): { headers: Record<string, string>; body: string } {
  const event = {
    project_id: PROJECT_ID,
    source: "DASHBOARD",
    object_type: "organization",
    action: "UPDATE",
    id: demo.organization_id,
    organization: { organization_id: demo.organization_id, padding: "" },
  };
  event.organization.padding = "a".repeat(bytes - JSON.stringify(event).length);
  const body = JSON.stringify(event);
  const id = "msg_edge";
  const now = new Date();
  return {
    headers: {
      "svix-id": id,
      "svix-timestamp": String(Math.floor(now.getTime() / 1_000)),
      "svix-signature": new Webhook(WEBHOOK_SECRET).sign(id, now, body),
    },
    body,
  };
}
const purges = async () => {
  const { events } = (await (await postern.admin("GET", "/admin/audit?limit=200")).json()) as {
    events: { action: string }[];
  };
  return events.filter(({ action }) => action === "cache.purged").length;
};

test("a signed webhook of 1 MiB purges, and one of a byte more is refused", async () => {
  const before = await purges();
  for (const [bytes, status, made] of [
    [MIB, 204, 1],
    [MIB + 1, 400, 1],
  ] as const) {
    const { headers, body } = signedEvent(bytes);
    const response = await fetch(`${postern.url}/webhooks/stytch`, { method: "POST", headers, body });
    expect(response.status).toBe(status);
    expect((await purges()) - before).toBe(made);
  }
});

const headerLines = (headers: Record<string, string>) =>
  Object.entries(headers).map(([name, value]) => `${name}: ${value}`);

test("a webhook in chunks purges; in chunks over 1 MiB, or cut by its length, it does not", async () => {
  const chunksOf = (body: string) => [
    ...(body.match(/.{1,60000}/gs) ?? []).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`),
    "0\r\n\r\n",
  ];
  const post = async (headers: Record<string, string>, body: readonly string[]) =>
    (await raw(["POST /webhooks/stytch HTTP/1.1", ...headerLines(headers)], body)).status;
  const before = await purges();
  const large = signedEvent(300_000);
  expect(await post({ ...large.headers, "Transfer-Encoding": "chunked" }, chunksOf(large.body))).toBe(204);
  expect((await purges()) - before).toBe(1);

  const tooLarge = signedEvent(3 * MIB);
  expect(await post({ ...tooLarge.headers, "Transfer-Encoding": "chunked" }, chunksOf(tooLarge.body))).toBe(
    400,
  );
  // What the length leaves out is not part of the body, which the signature then does not fit.
  expect(await post({ ...large.headers, "Content-Length": "299999" }, [large.body])).toBe(401);
  expect((await purges()) - before).toBe(1);
});

test("an SDK that takes Postern for Stytch is told what it has mixed up", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const client = (secret: string) =>
    new B2BClient({ project_id: PROJECT_ID, secret, env: `${postern.url}/` });
  const itself = expect.stringContaining("make it to Stytch itself");
  await expect(client(key).organizations.search({})).rejects.toMatchObject({
    error_type: "method_not_allowed",
    error_message: itself,
  });
  await expect(client(key).sessions.authenticate({ session_token: "t" })).rejects.toMatchObject({
    error_type: "route_not_found",
    error_message: itself,
  });
  const withSecret = client("secret-test-canary").organizations.get({ organization_id: "acme" });
  await expect(withSecret).rejects.toMatchObject({
    error_type: "invalid_key",
    error_message: "This looks like a Stytch secret. Postern expects a key that begins with pst_test_.",
  });
  vi.restoreAllMocks();
  expect(postern.logs().join("\n")).not.toContain("canary");
  expect(postern.logs().join("\n")).toContain('"path":"/v1/b2b/sessions/*"');
  expect(await postern.upstreamCalls()).toBe(0);
});
