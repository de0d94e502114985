/** The static files in front of the Worker, as Cloudflare serves them, and that nothing else is kept from it. */
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SandboxedPostern, startSandboxedPostern } from "../../dev/sandboxed-postern.ts";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startSandboxedPostern({}, { hasAssets: true });
});
afterAll(async () => await postern.stop());

const get = async (path: string, init: RequestInit = {}) =>
  await fetch(postern.url + path, { redirect: "manual", ...init });

/** Sends the path as it is: `fetch` would take `//v1` for a host. */
const getRaw = async (path: string) =>
  await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const { hostname, port } = new URL(postern.url);
    request({ hostname, port, path }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode, body }));
    })
      .on("error", reject)
      .end();
  });

const FILES: [path: string, type: string][] = [
  ["/console/", "text/html; charset=utf-8"],
  ["/static/style.css", "text/css; charset=utf-8"],
  ["/console/main.js", "text/javascript; charset=utf-8"],
  ["/static/icon.svg", "image/svg+xml"],
  ["/docs/", "text/html; charset=utf-8"],
  ["/docs/errors", "text/html; charset=utf-8"],
  ["/docs/docs.css", "text/css; charset=utf-8"],
  ["/openapi.json", "application/json"],
  ["/handover/key", "text/html; charset=utf-8"],
  ["/handover/key.js", "text/javascript; charset=utf-8"],
];

describe.each(FILES)("the file %s", (path, type) => {
  test("is served with the security headers", async () => {
    const response = await get(path);
    expect(response.status).toBe(200);
    const headers = Object.fromEntries(response.headers);
    expect(headers).toMatchObject({
      "content-type": type,
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      "cache-control": "public, max-age=0, must-revalidate",
    });
    const again = await get(path, { headers: { "If-None-Match": headers["etag"] ?? "" } });
    expect(again.status).toBe(304);
    expect((await get(path, { method: "HEAD" })).status).toBe(200);
  });
});

test.each(["/console/", "/handover/key"])(
  "the page %s has nothing inline, and no other host",
  async (path) => {
    const html = await (await get(path)).text();
    expect(html).not.toMatch(/<style|\son\w+=|\sstyle=|javascript:|https?:/i);
    const scripts = [...html.matchAll(/<script[^>]*>([^<]*)/g)];
    expect(scripts.length).toBeGreaterThan(0);
    for (const [tag, text] of scripts) {
      expect(tag).toMatch(/\ssrc="\//);
      expect(text).toBe("");
    }
  },
);

test("every file that a page names is served", async () => {
  for (const page of ["/console/", "/handover/key"]) {
    const html = await (await get(page)).text();
    const paths = [...html.matchAll(/\s(?:src|href)="([^"]+)"/g)].map(([, path]) => path ?? "");
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) expect([path, (await get(path)).status]).toEqual([path, 200]);
  }
});

test("the page for whoever gets a key uses no file of the console, which Access may protect", async () => {
  for (const path of ["/handover/key", "/handover/key.js"]) {
    expect(await (await get(path)).text()).not.toMatch(/["/]console\//);
  }
});

test("/console leads to /console/, and index.html too", async () => {
  for (const path of ["/console", "/console/index.html"]) {
    const response = await get(path);
    expect([response.status, response.headers.get("location")]).toEqual([307, "/console/"]);
  }
});

test("the link of a hand-over leads to its page, where it leaves the fragment", async () => {
  const response = await get("/handover");
  expect([response.status, response.headers.get("location")]).toEqual([302, "/handover/key"]);
});

/** A request that only the Worker can answer, and the error or the status that it answers. */
const WORKERS: [method: string, path: string, status: number, errorType: string | null][] = [
  ["GET", "/healthz", 200, null],
  ["HEAD", "/healthz", 200, null],
  ["GET", "/", 404, "route_not_found"],
  ["GET", "/v1/b2b/organizations/x", 401, "missing_key"],
  ["GET", "/admin/keys", 401, "invalid_admin_token"],
  ["GET", "/admin/", 401, "invalid_admin_token"],
  ["GET", "/console/session", 200, null],
  ["POST", "/console/session", 403, "cross_site_request"],
  ["POST", "/handover", 400, "invalid_request"],
  ["GET", "/console/unknown", 404, "route_not_found"],
  ["GET", "/console/main", 404, "route_not_found"],
  ["GET", "/handover/unknown", 404, "route_not_found"],
  ["GET", "/_headers", 404, "route_not_found"],
];

test.each(WORKERS)("%s %s reaches the Worker", async (method, path, status, errorType) => {
  const response = await get(path, { method });
  expect(response.status).toBe(status);
  expect(response.headers.get("content-security-policy")).toBeNull();
  if (method === "HEAD") return;
  const body = (await response.json()) as { error_type?: string };
  expect(body.error_type ?? null).toBe(errorType);
});

test("a path with doubled slashes reaches the Worker as it is", async () => {
  const key = await postern.createKey(["organizations:read"]);
  expect(key).toMatch(/^pst_/);
  const { status, body } = await getRaw("//v1/b2b/organizations/x");
  expect(status).toBe(401);
  expect(JSON.parse(body)).toMatchObject({ error_type: "missing_key" });
});

test("error_url leads to the description of the error", async () => {
  const response = await get("/nowhere");
  const { error_type: type, error_url: url } = (await response.json()) as Record<string, string>;
  expect(url).toBe(`${postern.url}/docs/errors#route_not_found`);
  const page = await (await fetch(url ?? "")).text();
  expect(page).toContain(`id="${type}"`);
});
