/** The limit: a Worker that answers bytes from memory and does nothing else. `PUT` gives it the body, and `X-Bench-Headers` the header fields, as a JSON list. */
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
