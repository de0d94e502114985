/** Postern with a clock that a test sets: `POST /_clock?ms=905000` moves it to that long after the real time. */
import postern from "../../src/index.ts";

export * from "../../src/index.ts";

const realNow = Date.now.bind(Date);
let offsetMs = 0;
// The Worker and its objects share the isolate, so this is the clock of all of them.
Date.now = () => realNow() + offsetMs;

export default {
  async fetch(request, env, context): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/_clock") return await postern.fetch(request, env, context);
    offsetMs = Number(searchParams.get("ms"));
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Env>;
