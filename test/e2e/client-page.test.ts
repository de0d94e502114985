/** The page of docs/client-apps.md runs as it is written, with a stand-in for Stytch's SDK. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { demo } from "../../sandbox/seed.ts";
import { type SandboxedPostern, startPostern } from "./postern.ts";

const PAGE = readFileSync("docs/client-apps.md", "utf8").split("```html\n")[1]?.split("```")[0] ?? "";
const SCRIPT = /<script type="module">\n([\s\S]*)<\/script>/.exec(PAGE)?.[1] ?? "";

let postern: SandboxedPostern;
beforeAll(async () => {
  postern = await startPostern();
  const fields = { organization: ["organization_id", "organization_name"] };
  await postern.admin("PUT", "/admin/session-policy", { scopes: ["organizations:read"], fields });
});
afterAll(async () => await postern.stop());

async function signIn(kind: string): Promise<string> {
  const body = JSON.stringify({ member_id: demo.member_id, kind });
  const response = await fetch(`${postern.sandboxUrl}/_sandbox/sessions`, { method: "POST", body });
  return ((await response.json()) as { session_jwt: string }).session_jwt;
}

/** Runs the page's script; returns what it shows, and how often it asked Stytch for a token. */
async function open(tokens: string[]): Promise<{ shown: string; renewals: number }> {
  const name = { textContent: "…" };
  let renewals = 0;
  class StytchB2BHeadlessClient {
    readonly session = {
      getTokens: () => (tokens[0] === undefined ? null : { session_jwt: tokens[0], session_token: "opaque" }),
      getSync: () => ({ organization_id: demo.organization_id }),
      authenticate: async () => {
        renewals += 1;
        tokens.shift();
      },
    };
  }
  const body = SCRIPT.replace(/^\s*import .*$/m, "").replace("https://postern.example.com", postern.url);
  const AsyncFunction = (async () => {}).constructor as new (
    ...args: string[]
  ) => (...args: unknown[]) => Promise<void>;
  const run = new AsyncFunction("StytchB2BHeadlessClient", "document", body);
  await run(StytchB2BHeadlessClient, { querySelector: () => name });
  return { shown: name.textContent, renewals };
}

test("the page of the documents has at most 40 lines and shows the name of its user's organization", async () => {
  expect(PAGE.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
  expect(await open([await signIn("session")])).toEqual({ shown: "Acme Corporation", renewals: 0 });
});

test("the page gets a new token once if its own has expired, and then says what is wrong", async () => {
  const [expired, good] = [await signIn("expired"), await signIn("session")];
  expect(await open([expired, good])).toEqual({ shown: "Acme Corporation", renewals: 1 });
  await expect(open([expired, await signIn("m2m"), good])).rejects.toThrow(/^invalid_session: /);
  await expect(open([])).rejects.toThrow("Nobody is signed in.");
});
