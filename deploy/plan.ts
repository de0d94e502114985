/** What one run sets, decided before anything is changed. */
import { randomBytes } from "node:crypto";
import { checkCredentialsMatch } from "../dev/stytch-credentials.ts";
import { parseConfig } from "../src/config.ts";
import { DeployProblem } from "./problem.ts";

type Values = Readonly<Record<string, string>>;

/** Where the value of a secret comes from. "set": Cloudflare has one, which stays. "absent": it has none, and gets none. */
export type SecretSource = "set" | "given" | "kept" | "made" | "absent";

export const SECRET_NAMES = ["STYTCH_SECRET", "KEY_SECRET", "ADMIN_TOKEN"] as const;
export type SecretName = (typeof SECRET_NAMES)[number];

export interface Plan {
  readonly vars: Values;
  /** The secrets to set, by name. */
  readonly secrets: Values;
  readonly sources: Readonly<Record<SecretName, SecretSource>>;
}

export interface PlanInput {
  /** The names of the secrets that are set. */
  readonly setSecrets: readonly string[];
  readonly vars: Values;
  readonly given: Partial<Record<SecretName, string>>;
  /** What an earlier run has kept, and may not have deployed. */
  readonly kept: Values;
  /** False: secrets come from elsewhere, and none is made. */
  readonly makesSecrets: boolean;
}

/**
 * Never changes a secret that is set. Makes ADMIN_TOKEN along with KEY_SECRET only: an operator may have deleted it later,
 * since without it there is no admin API.
 */
export function planDeployment({ setSecrets, vars, given, kept, makesSecrets }: PlanInput): Plan {
  const isFirst = !setSecrets.includes("KEY_SECRET");
  const secrets: Record<string, string> = {};
  const decide = (name: SecretName): SecretSource => {
    if (setSecrets.includes(name)) return "set";
    if (!isFirst && name === "ADMIN_TOKEN" && given.ADMIN_TOKEN === undefined) return "absent";
    const value = given[name] ?? (name === "STYTCH_SECRET" ? undefined : kept[name]);
    if (value !== undefined) secrets[name] = value;
    if (given[name] !== undefined) return "given";
    if (value !== undefined) return "kept";
    if (name === "STYTCH_SECRET" || !makesSecrets) return "absent";
    secrets[name] = randomBytes(32).toString("hex");
    return "made";
  };
  const sources = {
    STYTCH_SECRET: decide("STYTCH_SECRET"),
    KEY_SECRET: decide("KEY_SECRET"),
    ADMIN_TOKEN: decide("ADMIN_TOKEN"),
  };
  return { vars, secrets, sources };
}

/** They stand for values that Cloudflare has and nobody can read. */
const STAND_INS: Values = {
  STYTCH_PROJECT_ID: "project-test-00000000-0000-4000-8000-000000000000",
  STYTCH_SECRET: "unknown",
  KEY_SECRET: "0123456789abcdef0123456789ABCDEFGHIJKLMN",
};

/** Throws a DeployProblem that names each value that is wrong, and never repeats one. */
export function checkPlan({ vars, secrets }: Plan, fileVars: Readonly<Record<string, unknown>>): void {
  const values = { ...vars, ...secrets };
  const config = parseConfig({ ...STAND_INS, ...fileVars, ...values });
  const known: Values = { ...stringsOf(fileVars), ...values };
  const problems = { ...(config.ok ? {} : config.failure), ...checkCredentialsMatch(known) };
  const lines = Object.entries(problems).map(([name, problem]) => `  ${name}: ${problem}`);
  if (lines.length === 0) return;
  throw new DeployProblem(
    ["Nothing was deployed, since the configuration is not right (docs/configuration.md):", ...lines].join(
      "\n",
    ),
  );
}

/** A variable may be a table, too, which has no text. */
const stringsOf = (values: Readonly<Record<string, unknown>>): Values =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])),
  );
