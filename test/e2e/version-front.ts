/** What stands in front of the versions of a Postern, in the place of Cloudflare's edge. */
import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import type { AddressInfo } from "node:net";

/** The header that says which version has answered: 1, 2, … */
export const VERSION_HEADER = "X-Version";

export interface VersionFront {
  readonly url: string;
  /**
   * Requests that arrive from now on wait until `start` has resolved with the origin of the next version. It is called
   * when the version before has answered all that it had been given.
   */
  replace(start: () => Promise<string>): Promise<void>;
  close(): void;
}

interface Version {
  readonly origin: string;
  readonly number: number;
}

/** Listens on a free port of the loopback interface. */
export async function startVersionFront(firstOrigin: string): Promise<VersionFront> {
  let current = Promise.resolve<Version>({ origin: firstOrigin, number: 1 });
  const underWay = new Set<Promise<void>>();
  const server = createServer(async (request, response) => {
    const answered = forward(await current, request, response);
    underWay.add(answered);
    await answered;
    underWay.delete(answered);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    replace: async (start) => {
      const { number } = await current;
      const next = Promise.withResolvers<Version>();
      current = next.promise;
      // A request that was given to the version before is under way by then.
      await new Promise((resolve) => setImmediate(resolve));
      await Promise.all(underWay);
      next.resolve({ origin: await start(), number: number + 1 });
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** A version that breaks a connection off is 599, which Postern never answers. */
async function forward(
  { origin, number }: Version,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, headers, url } = request;
  await new Promise<void>((resolve) => {
    response.on("close", resolve);
    const sent = sendRequest(origin + url, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 599, { ...answer.headers, [VERSION_HEADER]: number });
      answer.pipe(response);
    });
    sent.on("error", () => response.writeHead(599).end());
    request.pipe(sent);
  });
}
