import { expect, test } from "vitest";
import { runCli } from "../../cli/cli.ts";

async function help(...args: string[]): Promise<string> {
  const written: string[] = [];
  const exitCode = await runCli([...args, "--help"], {
    env: {},
    readLocalToken: () => null,
    confirm: null,
    writeOut: (text) => void written.push(text),
    writeErr: () => {},
  });
  expect(exitCode).toBe(0);
  return written.join("\n");
}

/** The help without its line breaks, which depend on the width of the terminal. */
const unwrapped = async (...args: string[]) => (await help(...args)).replace(/\s+/g, " ");

test("the help of the tool lists the exit codes and the environment", async () => {
  const text = await unwrapped();
  expect(text).toContain("Exit codes: 0 success; 1 the command failed; 2 wrong usage, nothing was sent.");
  expect(text).toMatch(/POSTERN_URL .* POSTERN_ADMIN_TOKEN .* PORT .*\(default: 8787\)/);
});

test.each([
  ...[
    "create",
    "list",
    "show",
    "edit",
    "rotate",
    "revoke",
    "usage",
    "overview",
    "purge",
    "audit",
    "export",
    "import",
    "sessions revoke",
  ],
  ...["set", "show", "remove", "usage"].map((command) => `sessions policy ${command}`),
])("the help of %s has an example", async (command) => {
  expect(await help(...command.split(" "))).toMatch(new RegExp(`Examples:\n  npm run keys -- ${command}`));
});

test("the help of create says what is required, the defaults, and what is set once", async () => {
  const text = await unwrapped("create");
  expect(text).toMatch(/--name <name> [^-]*\(required\)/);
  expect(text).toMatch(/--scope <scope> [^-]*\(required\)/);
  expect(text).toMatch(/--organization <id> .*not its slug or external ID.*\(default: all\) --field/);
  expect(text).toMatch(/--expires <time> .*\(default: never\) --limit/);
  expect(text).toMatch(/--limit <calls\/seconds> .*\(default: none\) --region/);
  expect(text).toMatch(/--region <hint> .*cannot be changed later/);
});

test("the help of edit requires no option, and says that lists are replaced", async () => {
  const text = await unwrapped("edit");
  expect(text).not.toMatch(/required|default: (all|any|none|never)/);
  expect(text).toMatch(/--organization <id> .*replaces the whole list --field/);
  for (const list of ["scope", "organization", "field", "ip"]) {
    expect(text).toMatch(new RegExp(`--add-${list} <.*> .* --remove-${list} <.*> no longer allow this`));
  }
});

test("the help of sessions says that a limit is not exact, and what each ID is", async () => {
  const policy = await unwrapped("sessions", "policy", "set");
  expect(policy).toMatch(/--scope <scope> one of organizations:read, members:read; .*\(required\)/);
  expect(policy).toMatch(/--limit <calls\/seconds> .*not exact/);
  expect(policy).toMatch(/--max-age <time> .*60 s to 1h \(default: 300\)/);
  expect(await unwrapped("sessions", "revoke")).toMatch(/--organization <id> .*not its slug/);
});

test("the help of rotate, usage and list has the defaults of numbers", async () => {
  expect(await unwrapped("rotate")).toMatch(/--overlap <time> .*0, as in the API, .*\(default: 0\)/);
  expect(await unwrapped("usage")).toContain("(default: 24)");
  expect(await unwrapped("overview")).toContain("(default: 24)");
  expect(await unwrapped("list")).toContain("(default: 50)");
});
