/** A fake Stytch: replaces `fetch` of the isolate that the Worker, its objects and the tests share. */
import { vi } from "vitest";
import { TEST_VARS } from "./vars.ts";

export interface UpstreamRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal | null;
}

type Handler = (request: UpstreamRequest) => Response | Promise<Response>;

export interface Upstream {
  /** All requests so far, in the order of arrival. */
  readonly requests: UpstreamRequest[];
  /** Replaces the handler for requests from now on. */
  answer(handler: Handler): void;
}

/** Every response carries headers that Postern must not pass on. */
const HEADERS = { "x-upstream-canary": "canary", "set-cookie": "upstream=canary", server: "stytch-canary" };

export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Response(text, {
    status,
    headers: { "content-type": "application/json", ...HEADERS, ...headers },
  });
}

export function stytchError(status: number, errorType: string, message = "No."): Response {
  return json(
    {
      status_code: status,
      request_id: `request-id-test-${crypto.randomUUID()}`,
      error_type: errorType,
      error_message: message,
      error_url: `https://stytch.com/docs/api/errors/${status}#${errorType}`,
    },
    status,
  );
}

/**
 * Answers what Postern sends upstream with `handler`, until mocks are restored (see `useClock`). A request to any other
 * origin rejects.
 */
export function stubUpstream(handler: Handler = () => stytchError(404, "organization_not_found")): Upstream {
  const requests: UpstreamRequest[] = [];
  let current = handler;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input, init);
    if (!request.url.startsWith(`${TEST_VARS.STYTCH_BASE_URL}/`))
      throw new Error("a request to another origin");
    const seen = {
      url: request.url,
      headers: Object.fromEntries(request.headers),
      signal: init?.signal ?? null,
    };
    requests.push(seen);
    return await current(seen);
  });
  return {
    requests,
    answer: (next) => {
      current = next;
    },
  };
}

/**
 * A promise that the test settles by hand. It cannot carry a Response, since workerd binds a body to the request that
 * created it: resolve it with a function that creates one.
 */
export function deferred<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (error: unknown) => void;
} {
  return Promise.withResolvers<T>();
}
