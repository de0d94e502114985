/**
 * The least that a Worker with KV can do: it reads a body with its metadata and responds with the body. `PUT` writes
 * the body, and the header `X-Bench-Headers` sets the response headers, as a JSON list of pairs.
 */

/** As long as the metadata of an entry of Postern. */
const metadata = {
  v: 2,
  id: "organization-test-11111111-1111-4111-8111-111111111111",
  slug: "an-organization",
  ext: "an-external-id",
  etag: 'W/"00000000000000000000000000000000"',
  began: 1_800_000_000_000,
  at: 1_800_000_000_000,
  purge: 0,
  digest: "00000000000000000000000000000000",
};

let headers: Record<string, string> = {};

export default {
  async fetch(request: Request, env: { readonly ORGANIZATIONS: KVNamespace }): Promise<Response> {
    const key = new URL(request.url).pathname;
    if (request.method === "PUT") {
      headers = Object.fromEntries(
        JSON.parse(request.headers.get("X-Bench-Headers") ?? "[]") as [string, string][],
      );
      await env.ORGANIZATIONS.put(key, await request.arrayBuffer(), { metadata });
      return new Response(null, { status: 204 });
    }
    const { value: body } = await env.ORGANIZATIONS.getWithMetadata(key, {
      type: "arrayBuffer",
      cacheTtl: 30,
    });
    return body === null ? new Response(null, { status: 404 }) : new Response(body, { headers });
  },
};
