/** What a local Postern runs with: the operator's own settings, and what `npm start` makes up for it and keeps. */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";

const KEPT = ".wrangler/postern-local.json";

interface Kept {
  readonly key_secret: string;
  readonly admin_token: string;
  /** Keys issued to print, by the project they are for. */
  readonly keys: Record<string, string>;
}

export type Vars = Record<string, string>;

/** What is set in `.dev.vars`; an empty line sets nothing. */
export function readDevVars(): Vars {
  if (!existsSync(".dev.vars")) return {};
  const parsed = Object.entries(parseEnv(readFileSync(".dev.vars", "utf8")));
  return Object.fromEntries(parsed.filter((entry): entry is [string, string] => Boolean(entry[1])));
}

/** Secrets of this machine, made at the first start, so that a key of one start works in the next. */
export function readKept(): Kept {
  if (existsSync(KEPT)) return JSON.parse(readFileSync(KEPT, "utf8")) as Kept;
  const secret = () => randomBytes(32).toString("hex");
  return { key_secret: secret(), admin_token: secret(), keys: {} };
}

export function keep(kept: Kept): void {
  mkdirSync(".wrangler", { recursive: true });
  writeFileSync(KEPT, JSON.stringify(kept, null, 2), { mode: 0o600 });
}
