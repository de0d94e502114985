/**
 * The least that a Worker can do: it responds with bytes from memory. `PUT` sets the body, and the header
 * `X-Bench-Headers` sets the response headers, as a JSON list of pairs.
 */
let body = new Uint8Array();
let headers: Record<string, string> = {};

export default {
  async fetch(request: Request): Promise<Response> {
    if (request.method === "PUT") {
      headers = Object.fromEntries(
        JSON.parse(request.headers.get("X-Bench-Headers") ?? "[]") as [string, string][],
      );
      body = new Uint8Array(await request.arrayBuffer());
      return new Response(null, { status: 204 });
    }
    return new Response(body, { headers });
  },
};
