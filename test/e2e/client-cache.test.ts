/**
 * Reads through HTTP caches on the caller's side, over a socket: that of got, which uses `http-cache-semantics` as many
 * clients of Node do, and that of undici, which has code of its own. undici keeps no answer to a request with
 * `Authorization`, as a shared cache would not, so the program adds that header below the cache.
 */
import { setTimeout as sleep } from "node:timers/promises";
import got from "got";
import { Agent, type Dispatcher, interceptors, request } from "undici";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type SandboxedPostern, startSandboxedPosterns } from "../../dev/sandboxed-postern.ts";
import { organizations } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";

const DEPLOYMENTS = {
  twoSeconds: { CACHE_FRESH_SECONDS: "30", CLIENT_CACHE_SECONDS: "2" },
  byDefault: { CACHE_FRESH_SECONDS: "30", CLIENT_CACHE_SECONDS: "" },
};
let deployments: Record<keyof typeof DEPLOYMENTS, SandboxedPostern>;
beforeAll(async () => {
  deployments = await startSandboxedPosterns(DEPLOYMENTS);
});
afterAll(async () => await deployments.byDefault.stop());

/** A client with a cache of its own. */
interface Client {
  /** The organization's name, and `Age` as the client sees it. */
  read(url: string, authorization: string): Promise<{ name: string; age: number }>;
}

const nameIn = (body: unknown) =>
  (body as { organization: { organization_name: string } }).organization.organization_name;

const clients: Record<string, () => Client> = {
  got: () => {
    const cache = new Map();
    return {
      read: async (url, authorization) => {
        const { body, headers } = await got(url, {
          cache,
          // A cache is shared unless it is told that it has one user, and `private` keeps shared ones out.
          cacheOptions: { shared: false },
          headers: { authorization },
        });
        return { name: nameIn(JSON.parse(body)), age: Number(headers.age) };
      },
    };
  },
  undici: () => {
    let authorization: string;
    const authorize: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
      dispatch({ ...options, headers: { ...options.headers, authorization } }, handler);
    const dispatcher = new Agent().compose(authorize, interceptors.cache({ type: "private" }));
    return {
      read: async (url, given) => {
        authorization = given;
        const { body, headers } = await request(url, { dispatcher });
        return { name: nameIn(await body.json()), age: Number(headers["age"]) };
      },
    };
  },
};

let nextOrganization = 0;

/** A client that reads an organization that no other test reads, with a key of its own. */
async function createReader(deployment: keyof typeof DEPLOYMENTS, clientName: string) {
  const postern = deployments[deployment];
  const { organization_id: id, organization_name: originalName } = organizations[nextOrganization++] ?? {};
  const key = await postern.createKey(["organizations:read"]);
  const client = clients[clientName]?.() as Client;
  const url = postern.url + organizationPath(String(id));
  const authorization = `Bearer ${key}`;
  const keyId = key.split("_")[2];
  let linesSeen = 0;
  return {
    originalName,
    read: async () => await client.read(url, authorization),
    readUncached: async () => void (await got(url, { headers: { authorization } })),
    rename: async (organization_name: string) =>
      await postern.control("PATCH", `organizations/${id}`, { organization_name }),
    purge: async () => void (await postern.admin("POST", "/admin/cache/purge", { organization_id: id })),
    /** The statuses with which Postern has answered reads with this key since the last call of this function. */
    statuses: async (): Promise<number[]> => {
      // Postern's process writes a line after it has answered; with this one, all before it are there.
      const { headers } = await got(`${postern.url}/healthz`);
      const lines = await vi.waitFor(() => {
        const written = postern.logs();
        const last = written.findIndex((line) => line.includes(String(headers["x-request-id"])));
        expect(last).toBeGreaterThanOrEqual(0);
        return written.slice(0, last);
      }, 10_000);
      const added = lines.slice(linesSeen).map((line) => JSON.parse(line) as Line);
      linesSeen = lines.length;
      const isRead = ({ key_id, route }: Line) =>
        key_id === keyId && route.startsWith("/v1/b2b/organizations/");
      return added.filter(isRead).map(({ status }) => status);
    },
  };
}

interface Line {
  readonly key_id?: string;
  readonly route: string;
  readonly status: number;
}

describe("with CLIENT_CACHE_SECONDS=2", () => {
  test.concurrent.each(Object.keys(clients))(
    "%s keeps an answer of 3 s for 2 s, then gets a 304",
    async (name) => {
      const reader = await createReader("twoSeconds", name);
      await reader.readUncached();
      await sleep(3_000);
      await reader.statuses();
      const first = await reader.read();
      expect(first.age).toBeGreaterThanOrEqual(3);
      expect(await reader.statuses()).toEqual([200]);
      await sleep(1_000);
      await reader.read();
      expect(await reader.statuses()).toEqual([]);
      await sleep(1_500);
      expect((await reader.read()).name).toBe(first.name);
      expect(await reader.statuses()).toEqual([304]);
    },
  );

  test.concurrent.each(Object.keys(clients))("%s shows a purge within 2 s", async (name) => {
    const reader = await createReader("twoSeconds", name);
    await reader.read();
    await reader.rename("Acme Renamed");
    await reader.purge();
    expect((await reader.read()).name).toBe(reader.originalName);
    await sleep(2_100);
    expect((await reader.read()).name).toBe("Acme Renamed");
  });
});

describe("with the default", () => {
  test.each([
    ["got", 304],
    // It keeps nothing that it would have to revalidate at once.
    ["undici", 200],
  ])("%s asks for each read and shows a purge at once", async (name, again) => {
    const reader = await createReader("byDefault", name);
    for (let reads = 0; reads < 3; reads += 1) await reader.read();
    expect(await reader.statuses()).toEqual([200, again, again]);
    await reader.rename("Acme Renamed");
    await reader.purge();
    expect((await reader.read()).name).toBe("Acme Renamed");
    expect(await reader.statuses()).toEqual([200]);
  });
});
