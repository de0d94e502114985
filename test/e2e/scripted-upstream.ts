/** A Stytch API whose every answer the test gives, for answers that the sandbox does not have. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll } from "vitest";

export interface ScriptedResponse {
  /** 200 by default. */
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** Sent as it is. */
  readonly body: string;
}

export interface ScriptedUpstream {
  readonly origin: string;
  /** The paths of the test's requests, in the order of arrival. */
  requests: string[];
  /** Set by each test. */
  respond: (path: string) => ScriptedResponse;
}

/** Listens on a free port of the loopback interface for all tests of a file. Call it at the top of the file. */
export function useScriptedUpstream(): ScriptedUpstream {
  const server = createServer((request, response) => {
    const path = String(request.url);
    upstream.requests.push(path);
    const { status = 200, headers = {}, body } = upstream.respond(path);
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(body);
  });
  const upstream: ScriptedUpstream = {
    get origin() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    requests: [],
    respond: () => ({ status: 404, body: "" }),
  };
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => {
    upstream.requests = [];
  });
  afterAll(() => void server.close());
  return upstream;
}
