/**
 * The file of an export: JSON Lines, with a header first and the counts last, so that a file that was cut off is told
 * from a whole one. It holds no key and no secret, but names, addresses and what operators did: only its owner may read it.
 */
import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { z } from "zod";
import { CliError } from "./errors.ts";
import { readLines } from "./read-lines.ts";

/** A reader refuses a file of a later version, and goes on reading those of all earlier ones. */
const EXPORT_VERSION = 1;

/** Far more than 100,000 keys, which are all checked before one is sent. */
const MAX_KEYS_LENGTH = 256 * 1024 * 1024;

const Header = z.object({ postern_export: z.int().min(1), origin: z.string(), exported_at: z.string() });

const Line = z.union([
  z.strictObject({ key: z.looseObject({ key_id: z.string().regex(/^[0-9a-z]{16}$/) }) }),
  z.strictObject({ session_policy: z.looseObject({}) }),
  z.strictObject({ event: z.looseObject({}) }),
  z.strictObject({ end: z.strictObject({ keys: z.number(), events: z.number() }) }),
]);
type Line = z.output<typeof Line>;

export type ExportedKey = Extract<Line, { key: unknown }>["key"];

export interface ExportFile {
  readonly keys: readonly ExportedKey[];
  readonly sessionPolicy: object | null;
  /** How many events of the audit the file has. */
  readonly events: number;
}

/** Creates the file, and passes a function that adds lines to it. Removes the file again if that fails. */
export async function writeExportFile(
  path: string,
  origin: string,
  now: number,
  write: (add: (line: Exclude<Line, { end: unknown }>) => void) => Promise<void>,
): Promise<void> {
  const file = createFile(path);
  const addLine = (line: object) => void writeSync(file, `${JSON.stringify(line)}\n`);
  const end = { keys: 0, events: 0 };
  try {
    addLine({ postern_export: EXPORT_VERSION, origin, exported_at: new Date(now).toISOString() });
    await write((line) => {
      addLine(line);
      if ("key" in line) end.keys += 1;
      if ("event" in line) end.events += 1;
    });
    addLine({ end });
  } catch (error) {
    rmSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
}

/** A file that is there already is not replaced: its mode would stay as it is. */
function createFile(path: string): number {
  try {
    return openSync(path, "wx", 0o600);
  } catch (error) {
    throw new CliError(`The file ${path} cannot be created (${codeOf(error)}): give another by --file.`);
  }
}

const codeOf = (error: unknown) =>
  error instanceof Error && "code" in error ? String(error.code) : "unknown";

/**
 * Reads line by line, and keeps the keys and the policy alone. Throws a `CliError` if the file is no whole export, or one
 * of a later version.
 */
export function readExportFile(path: string, maxKeysLength = MAX_KEYS_LENGTH): ExportFile {
  const keys = new Map<string, ExportedKey>();
  let [lineNumber, keysLength, events] = [0, 0, 0];
  let sessionPolicy: object | null = null;
  let end: { readonly keys: number; readonly events: number } | undefined;
  const refuseLine = (reason = "") =>
    new CliError(`${path} is damaged in line ${lineNumber}${reason}. Nothing was sent.`);
  for (const text of readLines(path)) {
    lineNumber += 1;
    if (lineNumber === 1) {
      checkHeader(path, text);
      continue;
    }
    if (end !== undefined) throw refuseLine(": it goes on after its end");
    const line = Line.safeParse(parseJson(text)).data;
    if (line === undefined) throw refuseLine();
    if ("key" in line) {
      const { key } = line;
      if (keys.has(key.key_id)) throw refuseLine(`: it has the key ${key.key_id} twice`);
      keysLength += text.length;
      if (keysLength > maxKeysLength)
        throw new CliError(`The file ${path} has too many keys to read at once.`);
      keys.set(key.key_id, key);
    } else if ("session_policy" in line) {
      if (sessionPolicy !== null) throw refuseLine(": it has a second session policy");
      sessionPolicy = line.session_policy;
    } else if ("event" in line) {
      events += 1;
    } else {
      end = line.end;
    }
  }
  if (lineNumber === 0) checkHeader(path, "");
  if (end?.keys !== keys.size || end.events !== events) {
    throw new CliError(`${path} is not whole: it was cut off, or changed since. Nothing was sent.`);
  }
  return { keys: [...keys.values()], sessionPolicy, events };
}

function checkHeader(path: string, text: string): void {
  const header = Header.safeParse(parseJson(text)).data;
  if (header === undefined) throw new CliError(`${path} is not a file that export has written.`);
  if (header.postern_export > EXPORT_VERSION) {
    throw new CliError(
      `${path} was written by a later Postern (format ${header.postern_export}, and this one reads up to ${EXPORT_VERSION}): use its npm run keys.`,
    );
  }
}

/** Undefined for text that is no JSON: the message of JSON.parse would quote it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
