/** The variables of `.dev.vars`, which has the form of an environment file: one `NAME=value` a line. */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";

export const DEV_VARS_FILE = ".dev.vars";

export type Vars = Record<string, string>;

/** The message says what is wrong with `.dev.vars` and never repeats a part of it, since it holds secrets. */
export class DevVarsError extends Error {
  constructor(problem: string) {
    super(`${DEV_VARS_FILE} ${problem} See .dev.vars.example.`);
  }
}

/**
 * The variables that are set; none if there is no file. An empty line such as `ADMIN_TOKEN=` sets nothing. Throws a
 * DevVarsError if the file cannot be read whole: what is skipped in silence would start Postern in front of the sandbox.
 */
export function readDevVars(): Vars {
  const bytes = readBytes();
  return bytes === null ? {} : parseDevVars(bytes);
}

function readBytes(): Uint8Array | null {
  try {
    return readFileSync(DEV_VARS_FILE);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return null;
    throw new DevVarsError(
      code === "EISDIR" ? "is a directory and must be a file." : `cannot be read (${code}).`,
    );
  }
}

/** `export` before a name and quoted values over several lines are allowed, as `parseEnv` and wrangler take them. */
const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+)?[A-Za-z_][\w.]*[ \t]*=[ \t]*(?:"[^"]*"|'[^']*'|`[^`]*`|[^\n]*)[^\n]*$/gm;

export function parseDevVars(bytes: Uint8Array): Vars {
  const text = decodeText(bytes);
  const rest = text.replace(ASSIGNMENT, (assignment) => assignment.replace(/[^\n]/g, "")).split("\n");
  const index = rest.findIndex((line) => line.trim() !== "" && !line.trimStart().startsWith("#"));
  if (index >= 0 && isJson(text)) throw new DevVarsError("is JSON. Write one NAME=value a line instead.");
  if (index >= 0) throw new DevVarsError(`has something other than NAME=value in line ${index + 1}.`);
  const entries = Object.entries(parseEnv(text)).filter((entry): entry is [string, string] =>
    Boolean(entry[1]),
  );
  const open = entries.find(([, value]) => hasOpenQuote(value))?.[0];
  if (open !== undefined) throw new DevVarsError(`has a value with an open quotation mark: ${open}.`);
  return Object.fromEntries(entries);
}

function isJson(text: string): boolean {
  return /^\s*[{[]/.test(text);
}

/** `parseEnv` keeps a quotation mark that nothing closes as a part of the value. */
function hasOpenQuote(value: string): boolean {
  return /^["'`]/.test(value) && value.indexOf(value.charAt(0), 1) === -1;
}

/** Takes off the byte order mark that some editors write. */
function decodeText(bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {}
  throw new DevVarsError("is not text in UTF-8. Save it with that encoding.");
}
