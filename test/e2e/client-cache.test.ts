/**
 * Reads through HTTP caches on the caller's side, over a socket: that of got, which uses `http-cache-semantics` as many
 * clients of Node do, and that of undici, which has code of its own. undici keeps no answer to a request with
 * `Authorization`, as a shared cache would not, so the program adds that header below the cache.
 */
import { setTimeout as sleep } from "node:timers/promises";
import got from "got";
import { Agent, type Dispatcher, interceptors, request } from "undici";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";
import { demo } from "../../sandbox/seed.ts";
import { organizationPath } from "../support/paths.ts";

const PATH = organizationPath(demo.organization_id);

let postern: SandboxedPostern;
let authorization: string;

/** Starts Postern with this much for clients, and gives each test a cache that knows nothing. */
function useDeployment(clientCacheSeconds: string): void {
  beforeAll(async () => {
    marks = 0;
    postern = await startSandboxedPostern({
      CACHE_FRESH_SECONDS: "30",
      CLIENT_CACHE_SECONDS: clientCacheSeconds,
    });
    authorization = `Bearer ${await postern.createKey(["organizations:read"])}`;
  });
  afterAll(async () => await postern.stop());
  beforeEach(async () => {
    await postern.control("POST", "reset");
    await purge();
  });
}

const purge = async () =>
  void (await postern.admin("POST", "/admin/cache/purge", { organization_id: demo.organization_id }));
const rename = async (organization_name: string) =>
  await postern.control("PATCH", `organizations/${demo.organization_id}`, { organization_name });

/** A client with a cache of its own. */
interface Client {
  /** The organization's name, and `Age` as the client sees it. */
  read(): Promise<{ name: string; age: number }>;
}

const nameIn = (body: unknown) =>
  (body as { organization: { organization_name: string } }).organization.organization_name;

const clients: Record<string, () => Client> = {
  got: () => {
    const cache = new Map();
    return {
      read: async () => {
        const { body, headers } = await got(postern.url + PATH, {
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
    const authorize: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
      dispatch({ ...options, headers: { ...options.headers, authorization } }, handler);
    const dispatcher = new Agent().compose(authorize, interceptors.cache({ type: "private" }));
    return {
      read: async () => {
        const { body, headers } = await request(postern.url + PATH, { dispatcher });
        return { name: nameIn(await body.json()), age: Number(headers["age"]) };
      },
    };
  },
};

/** The statuses with which Postern has answered reads of organizations since the last call of this function. */
async function statuses(): Promise<number[]> {
  // Postern's process writes a line after it has answered; with this one, all before it are there.
  await got(`${postern.url}/healthz`);
  const isMark = ({ route }: Line) => route === "/healthz";
  const lines = await vi.waitFor(() => {
    const written = postern.logs().map((line) => JSON.parse(line) as Line);
    expect(written.filter(isMark)).toHaveLength(marks + 1);
    return written;
  });
  const last = lines.findLastIndex(isMark);
  const before = lines.slice(0, last).findLastIndex(isMark);
  marks += 1;
  return lines
    .slice(before + 1, last)
    .flatMap(({ route, status }) => (route.startsWith("/v1/b2b/organizations/") ? [status] : []));
}

interface Line {
  readonly route: string;
  readonly status: number;
}

/** How often `statuses` was called in this deployment. */
let marks = 0;

describe("with CLIENT_CACHE_SECONDS=2", () => {
  useDeployment("2");

  test.each(Object.keys(clients))("%s keeps an answer of 3 s for 2 s, then gets a 304", async (name) => {
    await got(postern.url + PATH, { headers: { authorization } });
    await sleep(3_000);
    const client = clients[name]?.() as Client;
    await statuses();
    const first = await client.read();
    expect(first.age).toBeGreaterThanOrEqual(3);
    expect(await statuses()).toEqual([200]);
    await sleep(1_000);
    await client.read();
    expect(await statuses()).toEqual([]);
    await sleep(1_500);
    expect((await client.read()).name).toBe(first.name);
    expect(await statuses()).toEqual([304]);
  });

  test.each(Object.keys(clients))("%s shows a purge within 2 s", async (name) => {
    const client = clients[name]?.() as Client;
    await client.read();
    await rename("Acme Renamed");
    await purge();
    expect((await client.read()).name).toBe("Acme Corporation");
    await sleep(2_100);
    expect((await client.read()).name).toBe("Acme Renamed");
  });
});

describe("with the default", () => {
  useDeployment("");

  test.each([
    ["got", 304],
    // It keeps nothing that it would have to revalidate at once.
    ["undici", 200],
  ])("%s asks for each read and shows a purge at once", async (name, again) => {
    const client = clients[name]?.() as Client;
    await statuses();
    for (let reads = 0; reads < 3; reads += 1) await client.read();
    expect(await statuses()).toEqual([200, again, again]);
    await rename("Acme Renamed");
    await purge();
    expect((await client.read()).name).toBe("Acme Renamed");
    expect(await statuses()).toEqual([200]);
  });
});
