/** A fake admin API, for responses that Postern never gives. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll } from "vitest";
import { TOKEN } from "./keys-process.ts";

export const ID = "0123456789abcdef";
export const KEY = `pst_test_${ID}_${"k".repeat(50)}`;
export const RECORD = {
  ...{ key_id: ID, name: "Acme", status: "active", scopes: ["organizations:read"], organization_ids: null },
  ...{ fields: { organization: null, member: ["name"] }, rate_limit: null, allowed_ips: null, region: null },
  ...{ expires_at: null, created_at: "2026-11-21T20:00:00Z", updated_at: "2026-11-21T20:00:00Z" },
  ...{ revoked_at: null, generation: 1, previous_generation_valid_until: null },
};

export interface FakeResponse {
  /** 200 by default. */
  readonly status?: number;
  /** `RECORD` by default. A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  readonly location?: string;
}

export interface FakeAdminServer {
  readonly origin: string;
  /** Method, path and body of each request of the test, after "not ours: " if it did not have the admin token. */
  requests: string[];
  /** Set by each test. The argument is the request's line in `requests`. */
  respond: (line: string) => FakeResponse;
}

/** Listens on a free port of the loopback interface for all tests of a file. Call it at the top of the file. */
export function useFakeAdminServer(): FakeAdminServer {
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const line = [method, url, await textOf(request)].join(" ").trim();
    fake.requests.push(`${headers.authorization === `Bearer ${TOKEN}` ? "" : "not ours: "}${line}`);
    const { status = 200, body = RECORD, location } = fake.respond(line);
    response.writeHead(status, location === undefined ? {} : { Location: location });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  const fake: FakeAdminServer = {
    get origin() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    requests: [],
    respond: () => ({}),
  };
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    fake.requests = [];
  });
  afterAll(() => void server.close());
  return fake;
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
