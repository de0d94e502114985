/** Options without `--` before them, which npm passes in the environment alone, stop every command. */
import { expect, test } from "vitest";
import { runCli } from "../../cli/cli.ts";

const ID = "0123456789abcdef";

/** Neither an address nor a token is given, so a command that is not refused fails with 1 for that. */
async function run(args: readonly string[], env: Record<string, string>) {
  const written: string[] = [];
  const code = await runCli(args, {
    env,
    readLocalToken: () => null,
    confirm: null,
    writeOut: (text) => void written.push(text),
    writeErr: (text) => void written.push(text),
  });
  return { code, text: written.join("\n") };
}

test.each([
  [["rotate", ID], { npm_config_overlap: "24h" }, "--overlap"],
  [["rotate", ID, "24h"], { npm_config_overlap: "true" }, "--overlap"],
  [["rotate", ID], { npm_config_handover: "1d" }, "--handover"],
  [["list"], { npm_config_unused_days: "30" }, "--unused-days"],
  [["list"], { npm_config_unuseddays: "30" }, "--unused-days"],
  [["list"], { NPM_CONFIG_STATUS: "active" }, "--status"],
  [["edit", ID], { npm_config_limit: "" }, "--no-limit"],
  [["edit", ID], { npm_config_limit: "10/s", npm_config_ip: "true" }, "--ip, --limit"],
  [["edit", ID], { npm_config_organizations: "" }, "--no-organizations"],
  [["sessions", "policy", "set"], { npm_config_max_age: "5m" }, "--max-age"],
  [["list"], { npm_config_url: "https://canary.example" }, "--url"],
  [["list"], { npm_config_token_description: "canary" }, "--token"],
])("%j with npm's %j is refused, and repeats no value", async (args, env, flags) => {
  const { code, text } = await run(args, env);
  expect(code).toBe(2);
  expect(text).toBe(
    `error: npm took ${flags} for itself, since no -- stands before it. Nothing was sent. ` +
      "Write: npm run keys -- <command> <options>",
  );
});

test("what may be set for npm itself stops no command", async () => {
  const names = ["all", "cache", "expires", "json", "name", "scope", "user_agent", "yes"];
  const env = Object.fromEntries(names.map((name) => [`npm_config_${name}`, "x"]));
  const { code, text } = await run(["list"], { ...env, npm_config_limits: "1", limit: "1" });
  expect([code, text]).toEqual([1, expect.stringContaining("POSTERN_URL")]);
});

test("wrong usage by an option whose name npm has, too, is explained", async () => {
  const { code, text } = await run(["create", "x"], { npm_config_name: "Acme", npm_config_all: "true" });
  expect([code, text]).toEqual([
    2,
    expect.stringMatching(
      /^error: required option '--name <name>' not specified\. If you gave --name, npm took it for itself, since no -- stands before it\. Write: npm run keys -- /,
    ),
  ]);
  expect(text).not.toContain("Acme");
  expect((await run(["create"], {})).text).not.toContain("npm");
});
