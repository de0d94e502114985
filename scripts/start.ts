/**
 * `npm start`: Postern on this machine, with local KV and Durable Objects, in front of the sandbox; or of Stytch itself where
 * `.dev.vars` has the credentials. Prints the address, a key that works and lines to paste. Ctrl-C ends it.
 */
import { createServer } from "node:net";
import { unstable_readConfig } from "wrangler";
import { demo } from "../sandbox/seed.ts";
import { keep, readDevVars, readKept, type Vars } from "./local-settings.ts";
import { type Served, serve } from "./serve.ts";

const SANDBOX = {
  STYTCH_PROJECT_ID: "project-test-11111111-1111-4111-8111-111111111111",
  STYTCH_SECRET: "secret-test-sandbox-only-not-a-real-secret",
};
const HOST = "127.0.0.1";

const kept = readKept();
const declared = unstable_readConfig({ config: "wrangler.toml" }).vars as Vars;
const own: Vars = { ...declared, ...readDevVars() };
const hasProject = own["STYTCH_PROJECT_ID"] !== undefined;
const hasSecret = own["STYTCH_SECRET"] !== undefined;
if (hasProject !== hasSecret) {
  console.error(
    `${hasProject ? "STYTCH_SECRET" : "STYTCH_PROJECT_ID"} is missing: .dev.vars needs both to use your own project, or neither to use the sandbox.`,
  );
  process.exit(1);
}

const served: Served[] = [];
let stopping = false;
async function stop(code: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  for (const worker of served.reverse()) await worker.stop();
  process.exit(code);
}
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => void stop(0));

const vars: Vars = {
  LOG_HIT_SAMPLE_RATE: "1",
  KEY_SECRET: kept.key_secret,
  ADMIN_TOKEN: kept.admin_token,
  ...own,
};
let upstream = own["STYTCH_BASE_URL"] ?? "the Stytch API";
if (!hasProject) {
  const port = await freePort(8788);
  const sandbox = await serve("sandbox/wrangler.toml", {
    port,
    vars: SANDBOX,
    persist: false,
    onLine: () => {},
  });
  served.push(sandbox);
  Object.assign(vars, SANDBOX, { STYTCH_BASE_URL: sandbox.origin });
  upstream = `the sandbox on ${sandbox.origin}, not of Stytch`;
}
let welcomed = false;
const postern = await serve("wrangler.toml", {
  port: await freePort(Number(process.env["PORT"] ?? 8787)),
  vars,
  persist: true,
  onLine: (line) => {
    if (welcomed) console.log(line);
  },
});
served.push(postern);
const url = postern.origin;
const key = await demoKey(url, vars["ADMIN_TOKEN"] ?? "", vars["STYTCH_PROJECT_ID"] ?? "");
printWelcome();
welcomed = true;

/** The wanted port, or any other where it is taken. */
async function freePort(wanted: number): Promise<number> {
  const free = await new Promise<boolean>((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(wanted, HOST, () => probe.close(() => resolve(true)));
  });
  if (free) return wanted;
  console.log(`Port ${wanted} is taken; using another.`);
  return 0;
}

/** The key of the last start, if it still works, or a new one. */
async function demoKey(origin: string, adminToken: string, project: string): Promise<string> {
  const headers = { Authorization: `Bearer ${adminToken}` };
  const before = kept.keys[project];
  const keyId = before?.split("_")[2] ?? "none";
  const known = await fetch(`${origin}/admin/keys/${keyId}`, { headers });
  const record = (await known.json()) as { status?: string };
  if (before !== undefined && record.status === "active") return before;
  const scopes = ["organizations:read", "members:dangerously_get", "members:include_deleted"];
  const created = await fetch(`${origin}/admin/keys`, {
    method: "POST",
    headers,
    body: JSON.stringify({ name: "npm start", scopes }),
  });
  if (created.status !== 201) {
    console.error(`No key could be issued: ${created.status} ${await created.text()}`);
    await stop(1);
  }
  const issued = ((await created.json()) as { key: string }).key;
  keep({ ...kept, keys: { ...kept.keys, [project]: issued } });
  return issued;
}

function printWelcome(): void {
  const curl = (comment: string, path: string, name = "KEY") =>
    `# ${comment}\ncurl -i -H "Authorization: Bearer $${name}" "${url}${path}"`;
  const organizations = "/v1/b2b/organizations";
  const members = `${organizations}/members/dangerously_get`;
  const examples = hasProject
    ? [
        curl("an organization; twice, to see a miss and a hit", `${organizations}/<ID, slug or external ID>`),
        curl("a member: never cached", `${members}/<member ID>`),
      ]
    : [
        curl("an organization; twice, to see a miss and a hit", `${organizations}/${demo.organization_id}`),
        curl("the same one by its slug", `${organizations}/${demo.organization_slug}`),
        curl(
          "and by its external ID",
          `${organizations}/${encodeURIComponent(demo.organization_external_id)}`,
        ),
        curl("a member: never cached", `${members}/${demo.member_id}`),
      ];
  const forged = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  console.log(
    [
      `\nPostern is on ${url}, in front of ${upstream}.`,
      "To try it, paste into another terminal:\n",
      `KEY=${key}`,
      ...examples,
      `\nFORGED=${forged}`,
      curl("one character off: 401", `${organizations}/${demo.organization_slug}`, "FORGED"),
      `\nADMIN_TOKEN=${vars["ADMIN_TOKEN"]}`,
      curl("the keys there are", "/admin/keys", "ADMIN_TOKEN"),
      "\nCtrl-C ends it. One log line a request follows.\n",
    ].join("\n"),
  );
}
