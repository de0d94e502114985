/**
 * The least that a Worker in front of Stytch can do: it asks Stytch with the secret and responds with its answer. The
 * header `X-Bench-After` adds what a cache that asks Stytch once for all isolates cannot do without: with `kv`, a read of
 * KV that finds nothing; with `object`, the same, and then one object that asks Stytch.
 */
import { DurableObject } from "cloudflare:workers";

interface Bindings {
  readonly ORGANIZATION: DurableObjectNamespace<BareOrganization>;
  readonly ORGANIZATIONS: KVNamespace;
  readonly STYTCH_BASE_URL: string;
  readonly STYTCH_PROJECT_ID: string;
  readonly STYTCH_SECRET: string;
}

export class BareOrganization extends DurableObject<Bindings> {
  async read(path: string): Promise<ArrayBuffer> {
    return await (await askStytch(path, this.env)).arrayBuffer();
  }
}

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const { pathname } = new URL(request.url);
    const after = request.headers.get("X-Bench-After");
    if (after !== null && after !== "")
      await env.ORGANIZATIONS.getWithMetadata(pathname, { type: "arrayBuffer", cacheTtl: 30 });
    const headers = { "Content-Type": "application/json" };
    if (after === "object")
      return new Response(await env.ORGANIZATION.getByName(pathname).read(pathname), { headers });
    const answer = await askStytch(pathname, env);
    return new Response(answer.body, { status: answer.status, headers });
  },
};

async function askStytch(path: string, env: Bindings): Promise<Response> {
  const credential = btoa(`${env.STYTCH_PROJECT_ID}:${env.STYTCH_SECRET}`);
  return await fetch(env.STYTCH_BASE_URL + path, { headers: { Authorization: `Basic ${credential}` } });
}
