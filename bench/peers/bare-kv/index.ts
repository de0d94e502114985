/** The limit of what is read from KV: a Worker that reads bytes and answers them. `PUT` writes the body, and keeps the header fields of `X-Bench-Headers`. */
let headers: Record<string, string> = {};

export default {
  async fetch(request: Request, env: { readonly ORGANIZATIONS: KVNamespace }): Promise<Response> {
    const key = new URL(request.url).pathname;
    if (request.method === "PUT") {
      headers = Object.fromEntries(
        JSON.parse(request.headers.get("X-Bench-Headers") ?? "[]") as [string, string][],
      );
      await env.ORGANIZATIONS.put(key, await request.arrayBuffer());
      return new Response(null, { status: 204 });
    }
    const body = await env.ORGANIZATIONS.get(key, { type: "arrayBuffer", cacheTtl: 30 });
    return body === null ? new Response(null, { status: 404 }) : new Response(body, { headers });
  },
};
