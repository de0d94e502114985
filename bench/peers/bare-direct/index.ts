/**
 * The least that a Worker in front of Stytch can do: it asks Stytch with the secret and responds with its answer. If the
 * header `X-Bench-After` says `kv`, it first reads a key that KV does not have.
 */
interface Bindings {
  readonly ORGANIZATIONS: KVNamespace;
  readonly STYTCH_BASE_URL: string;
  readonly STYTCH_PROJECT_ID: string;
  readonly STYTCH_SECRET: string;
}

export default {
  async fetch(request: Request, env: Bindings): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.headers.get("X-Bench-After") === "kv")
      await env.ORGANIZATIONS.getWithMetadata(pathname, { type: "arrayBuffer", cacheTtl: 30 });
    const credential = btoa(`${env.STYTCH_PROJECT_ID}:${env.STYTCH_SECRET}`);
    const headers = { Authorization: `Basic ${credential}` };
    const answer = await fetch(env.STYTCH_BASE_URL + pathname, { headers });
    return new Response(answer.body, {
      status: answer.status,
      headers: { "Content-Type": "application/json" },
    });
  },
};
