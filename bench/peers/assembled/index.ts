/**
 * The same job assembled from parts of the ecosystem, as their READMEs show it: Hono with `bearerAuth`, hashed keys in
 * KV, `hono-rate-limiter` with its Durable Object store, `@epic-web/cachified` with its KV adapter (fresh for a minute,
 * then stale-while-revalidate), and zod.
 *
 * It does less than Postern: a revoked key works and a purged organization is served until KV is up to date, limits
 * have fixed windows, misses are not coalesced, an organization has a separate entry for each of its identifiers, and
 * there are no ETags, usage, audit or log.
 */
import { type Cache, cachified } from "@epic-web/cachified";
import { DurableObjectRateLimiter, DurableObjectStore } from "@hono-rate-limiter/cloudflare";
import { cloudflareKvCacheAdapter } from "cachified-adapter-cloudflare-kv";
import { type Context, Hono } from "hono";
import { bearerAuth } from "hono/bearer-auth";
import { rateLimiter } from "hono-rate-limiter";
import * as z from "zod";

export { DurableObjectRateLimiter };

interface Bindings {
  readonly KEYS: KVNamespace;
  readonly CACHE: KVNamespace;
  readonly LIMITS: DurableObjectNamespace<DurableObjectRateLimiter>;
  readonly ADMIN_TOKEN: string;
  readonly STYTCH_BASE_URL: string;
  readonly STYTCH_PROJECT_ID: string;
  readonly STYTCH_SECRET: string;
  readonly CACHE_FRESH_SECONDS?: string;
  readonly CACHE_STALE_SECONDS?: string;
}
type App = { Bindings: Bindings; Variables: { policy: Policy } };

const Policy = z.object({
  id: z.string(),
  scopes: z.array(z.string()),
  organization_ids: z.array(z.string()).nullable(),
  fields: z.array(z.string()).nullable(),
  rate_limit: z.object({ limit: z.int(), period_seconds: z.int() }).nullable(),
});
type Policy = z.output<typeof Policy>;

const Organization = z.looseObject({
  status_code: z.int(),
  request_id: z.string(),
  organization: z.looseObject({
    organization_id: z.string(),
    organization_name: z.string(),
    organization_slug: z.string(),
  }),
});
const Member = z.looseObject({
  status_code: z.int(),
  request_id: z.string(),
  member: z.looseObject({ member_id: z.string(), organization_id: z.string() }),
  organization: z.looseObject({ organization_id: z.string() }),
});

const FRESH_SECONDS = 60;
const STALE_SECONDS = 60;
/** How long a location caches a key that it read from KV, and so how long a revoked key still works. */
const KEY_CACHE_SECONDS = 60;

const app = new Hono<App>();

app.post("/admin/keys", async (c) => {
  if (c.req.header("Authorization") !== `Bearer ${c.env.ADMIN_TOKEN}`) return c.json({}, 401);
  const key = crypto.randomUUID();
  const policy = Policy.parse({ ...(await c.req.json<object>()), id: crypto.randomUUID() });
  await c.env.KEYS.put(await hashOf(key), JSON.stringify(policy));
  return c.json({ key }, 201);
});

app.use(
  "/v1/*",
  bearerAuth({
    verifyToken: async (token, c: Context<App>) => {
      const stored = await c.env.KEYS.get(await hashOf(token), { type: "json", cacheTtl: KEY_CACHE_SECONDS });
      const { data } = Policy.safeParse(stored);
      if (data === undefined) return false;
      c.set("policy", data);
      return true;
    },
  }),
);

app.use("/v1/*", async (c, next) => {
  const { id, rate_limit } = c.get("policy");
  if (rate_limit === null) return await next();
  return await rateLimiter<App>({
    windowMs: rate_limit.period_seconds * 1_000,
    limit: rate_limit.limit,
    standardHeaders: "draft-7",
    keyGenerator: () => id,
    store: new DurableObjectStore<App>({ namespace: c.env.LIMITS }),
  })(c, next);
});

app.get("/v1/b2b/organizations/:id", async (c) => {
  const policy = c.get("policy");
  if (!policy.scopes.includes("organizations:read")) return c.json({}, 403);
  const id = c.req.param("id");
  const value = await cachified({
    key: id,
    cache: cloudflareKvCacheAdapter({ kv: c.env.CACHE, keyPrefix: "organization" }) as Cache,
    ttl: Number(c.env.CACHE_FRESH_SECONDS ?? FRESH_SECONDS) * 1_000,
    swr: Number(c.env.CACHE_STALE_SECONDS ?? STALE_SECONDS) * 1_000,
    checkValue: Organization,
    getFreshValue: async () =>
      Organization.parse(await (await fetchStytch(c.env, `organizations/${encodeURIComponent(id)}`)).json()),
    waitUntil: (work) => c.executionCtx.waitUntil(work),
  });
  const { organization } = value;
  if (policy.organization_ids?.includes(organization.organization_id) === false) return c.json({}, 404);
  return c.json({ ...value, organization: pickFields(organization, policy.fields) });
});

app.get("/v1/b2b/organizations/members/dangerously_get/:id", async (c) => {
  const policy = c.get("policy");
  if (!policy.scopes.includes("members:dangerously_get")) return c.json({}, 403);
  const id = encodeURIComponent(c.req.param("id"));
  const response = await fetchStytch(c.env, `organizations/members/dangerously_get/${id}`);
  const value = Member.parse(await response.json());
  const { organization_id } = value.organization;
  if (policy.organization_ids?.includes(organization_id) === false) return c.json({}, 404);
  return c.json(value);
});

async function fetchStytch(env: Bindings, path: string): Promise<Response> {
  const credential = btoa(`${env.STYTCH_PROJECT_ID}:${env.STYTCH_SECRET}`);
  const response = await fetch(`${env.STYTCH_BASE_URL}/v1/b2b/${path}`, {
    headers: { Authorization: `Basic ${credential}` },
  });
  if (!response.ok) throw new Error(`Stytch responded with ${response.status}`);
  return response;
}

async function hashOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const pickFields = (value: Record<string, unknown>, fields: readonly string[] | null) =>
  fields === null
    ? value
    : Object.fromEntries(Object.entries(value).filter(([name]) => fields.includes(name)));

export default app;
