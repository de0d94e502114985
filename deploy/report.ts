/** What the script prints. No text contains a secret. */
import { keptSecretsFile } from "./kept-secrets.ts";
import { type Plan, SECRET_NAMES, type SecretName, type SecretSource } from "./plan.ts";

export interface PlanText {
  readonly account: string;
  readonly workerName: string;
  readonly exists: boolean;
  readonly plan: Plan;
  /** What a dry run did not ask for. */
  readonly asked: readonly string[];
}

export function planText({ account, workerName, exists, plan, asked }: PlanText): string {
  const lines: [string, string][] = [
    ["account", account],
    ["Worker", `${workerName}, ${exists ? "which is replaced by this version" : "which is new"}`],
    ...Object.entries(plan.vars).map(([name, value]): [string, string] => [name, value]),
    ...SECRET_NAMES.map((name): [string, string] => [name, sourceText(plan.sources[name], workerName)]),
    ...asked.map((name): [string, string] => [name, "not given: you are asked for it"]),
  ];
  const shown = lines.filter(([name, text]) => !(asked.includes(name) && text === ABSENT_TEXT));
  const width = Math.max(...shown.map(([name]) => name.length));
  return shown.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join("\n");
}

const ABSENT_TEXT = "is not set";

function sourceText(source: SecretSource, workerName: string): string {
  switch (source) {
    case "set":
      return "is set already, and stays";
    case "given":
      return "is set, to the one given";
    case "kept":
      return `is set, to the one in ${keptSecretsFile(workerName)}`;
    case "made":
      return `is made, kept in ${keptSecretsFile(workerName)}, and set`;
    case "absent":
      return ABSENT_TEXT;
  }
}

/** The commands that a run executes, with every secret masked. */
export function commandsText(args: readonly string[], secretNames: readonly string[]): string {
  const masked = secretNames.map((name) => `"${name}":"***"`).join(",");
  return [
    "Commands:",
    "  npm run build",
    `  wrangler ${args.join(" ")}`,
    ...(secretNames.length === 0
      ? []
      : [`    the file has mode 0600, is deleted afterwards, and holds {${masked}}`]),
    "  GET /healthz at the address that wrangler names, until it is well",
  ].join("\n");
}

export function resultText(origin: string, workerName: string, { sources }: Plan): string {
  const file = keptSecretsFile(workerName);
  const kept = SECRET_NAMES.filter((name) => sources[name] === "made" || sources[name] === "kept");
  const isTokenKept = kept.includes("ADMIN_TOKEN");
  const hasToken = sources.ADMIN_TOKEN !== "absent";
  const token = isTokenKept ? `$(sed -n s/^ADMIN_TOKEN=//p ${file})` : "<ADMIN_TOKEN>";
  return [
    `\nPostern runs on ${origin}`,
    hasToken
      ? `Console: ${origin}/console/`
      : "It has no ADMIN_TOKEN, so no console: npx wrangler secret put ADMIN_TOKEN",
    ...keptText(kept, file),
    "\nNext:",
    `  1. Sign in to the console with ADMIN_TOKEN${isTokenKept ? `, from ${file}` : ""}.`,
    "  2. Issue a key, there or here:",
    `       export POSTERN_URL=${origin} POSTERN_ADMIN_TOKEN="${token}"`,
    '       npm run keys -- create --name "First partner" --scope organizations:read',
    "  3. Read an organization with that key, by its ID or slug. The second time, it comes from the cache:",
    `       curl -i -H "Authorization: Bearer <key>" ${origin}/v1/b2b/organizations/<slug>`,
    "\nWhat comes after that, such as a domain of your own, webhooks and alerts: docs/operations.md, The first hour.",
  ].join("\n");
}

function keptText(kept: readonly SecretName[], file: string): readonly string[] {
  if (kept.length === 0) return [];
  const [verb, them, all] = kept.length === 1 ? ["is", "it", "it"] : ["are", "them", "both"];
  return [
    `\n${kept.join(" and ")} ${verb} in ${file}, which only you can read and git ignores.`,
    `Cloudflare never shows ${them} again: store ${all} in a password manager, then delete the file.`,
  ];
}
