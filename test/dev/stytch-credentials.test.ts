import { createServer, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { askStytchAboutCredentials, checkCredentialsMatch } from "../../dev/stytch-credentials.ts";

const LIVE = "project-live-11111111-1111-4111-8111-111111111111";
const TEST = "project-test-11111111-1111-4111-8111-111111111111";

test.each([
  [LIVE, "secret-test-canary", "STYTCH_SECRET"],
  [TEST, "secret-live-canary", "STYTCH_SECRET"],
  [TEST, "project-test-canary", "STYTCH_SECRET"],
  [LIVE, "pst_live_canary", "STYTCH_SECRET"],
])("the project %s with the secret %s is refused by name, without the value", (id, secret, name) => {
  const problems = checkCredentialsMatch({ STYTCH_PROJECT_ID: id, STYTCH_SECRET: secret });
  expect(Object.keys(problems)).toEqual([name]);
  expect(JSON.stringify(problems)).not.toContain("canary");
});

test.each([
  [{ STYTCH_PROJECT_ID: LIVE, STYTCH_SECRET: "secret-live-a" }],
  [{ STYTCH_PROJECT_ID: TEST, STYTCH_SECRET: "secret-test-a", STYTCH_BASE_URL: "https://test.stytch.com" }],
  [
    {
      STYTCH_PROJECT_ID: LIVE,
      STYTCH_SECRET: "of-another-form",
      STYTCH_BASE_URL: "https://login.acme.example",
    },
  ],
  [{ STYTCH_PROJECT_ID: "no project ID", STYTCH_SECRET: "secret-test-a" }],
  [{}],
])("the variables %j do not contradict each other", (vars) => {
  expect(checkCredentialsMatch(vars)).toEqual({});
});

test("the next secret and the address must be of the project's environment as well", () => {
  expect(
    checkCredentialsMatch({
      STYTCH_PROJECT_ID: LIVE,
      STYTCH_SECRET: "secret-live-a",
      STYTCH_SECRET_NEXT: "secret-test-b",
      STYTCH_BASE_URL: "https://test.stytch.com",
    }),
  ).toEqual({
    STYTCH_SECRET_NEXT: expect.stringContaining("test project"),
    STYTCH_BASE_URL: expect.stringContaining("test projects"),
  });
});

let server: Server | undefined;
afterEach(() => void server?.close());

/** A Stytch that answers each secret with a status and a body. */
async function serveStytch(answers: Readonly<Record<string, [number, string]>>): Promise<string> {
  server = createServer((request, response) => {
    const [, credential = ""] = (request.headers.authorization ?? "").split(" ");
    const [, secret = ""] = Buffer.from(credential, "base64").toString().split(":");
    const [status, body] = answers[secret] ?? [500, ""];
    response.writeHead(status, { "Content-Type": "application/json" }).end(body);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

const stytchAt = (baseUrl: string, nextSecret?: string) => ({
  projectId: TEST,
  secret: "first",
  nextSecret,
  baseUrl,
  timeoutMs: 5_000,
});
const error = (type: string) => JSON.stringify({ error_type: type, error_message: "first echoed" });

test.each<[string, number, string, string]>([
  ["accepted", 404, error("organization_not_found"), "accepts"],
  ["accepted", 200, "{}", "accepts"],
  ["accepted", 400, error("invalid_organization_id"), "accepts"],
  ["refused", 401, error("unauthorized_credentials"), "401 unauthorized_credentials"],
  ["refused", 400, error("invalid_project_id_authentication"), "400 invalid_project_id_authentication"],
  ["refused", 404, error("project_not_found"), "404 project_not_found"],
  ["refused", 403, error("billing_not_verified"), "403 billing_not_verified"],
  ["unknown", 404, error("route_not_found"), "404 route_not_found"],
  ["unknown", 404, "<html>", "it answered 404"],
  ["unknown", 401, "<html>", "it answered 401"],
  ["unknown", 401, error("first <b>"), "it answered 401"],
  ["unknown", 503, error("internal_server_error"), "503"],
  ["unknown", 429, error("too_many_requests"), "429"],
  ["unknown", 302, "", "302"],
])("credentials are %s if Stytch answers %i %s", async (kind, status, body, text) => {
  const check = await askStytchAboutCredentials(stytchAt(await serveStytch({ first: [status, body] })));
  expect(check).toEqual({ kind, text: expect.stringContaining(text) });
  expect(check.text).not.toContain("first");
});

test("a refused secret is no problem if Stytch accepts the next one", async () => {
  const refused: [number, string] = [401, error("unauthorized_credentials")];
  const url = await serveStytch({ first: refused, next: [404, error("organization_not_found")] });
  const check = await askStytchAboutCredentials(stytchAt(url, "next"));
  expect(check.kind).toBe("accepted");
  expect(check.text).toContain("refuses STYTCH_SECRET and accepts STYTCH_SECRET_NEXT");
  expect((await askStytchAboutCredentials(stytchAt(url, "other"))).kind).toBe("refused");
});

test("nobody at the address is a warning with the reason, not a refusal", async () => {
  const url = await serveStytch({});
  await new Promise((resolve) => server?.close(resolve));
  expect(await askStytchAboutCredentials(stytchAt(url))).toEqual({
    kind: "unknown",
    text: "Stytch could not be asked about the credentials: the connection failed (ECONNREFUSED).",
  });
});
