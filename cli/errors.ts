/** How a command fails (one line on stderr and an exit code), and how untrusted text is made safe to print. */

export class CliError extends Error {
  readonly exitCode: 1 | 2;

  /** Exit code 1: the command failed. 2: the command line is wrong, and no request was sent. */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The server refused a call. */
export class RefusedError extends CliError {
  /** Its `error_type`. */
  readonly type: string;
  /** Its own words. */
  readonly reason: string;

  constructor(message: string, type: string, reason: string) {
    super(message);
    this.type = type;
    this.reason = reason;
  }
}

/** A whole API key anywhere in a text, `pst_<test|live>_<key ID>_<secret part>`, or the token of a link to one. */
export const KEY_PATTERN = /(pst_(?:test|live)|handover)_([0-9a-z]{16})_[0-9a-z]+/g;

/**
 * The message as one line without secrets, fit for a terminal or a CI log. Usage errors quote what was typed, which may
 * be a key in place of its ID, or a token behind a misspelt option (`--tokn=…`).
 */
export function errorLine(message: string): string {
  const line = message
    .replace(/^error: /, "")
    .replace(KEY_PATTERN, "$1_$2_…")
    .replace(/'(-[^'=]*)=[^']*'/g, "'$1=…'")
    .replace(/\s+/g, " ")
    .trim();
  return `error: ${printable(line)}`;
}

/** Control, format and bidirectional characters, line separators and lone surrogates: they move the cursor or hide text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/** The document as JSON for programs, safe to print: what `printable` escapes is written as `\uXXXX` instead. */
export function jsonText(document: unknown): string {
  // JSON.stringify writes no line break but those between its lines.
  return JSON.stringify(document, null, 2).replace(UNPRINTABLE, (character) =>
    character === "\n" ? character : character.split("").map(jsonEscape).join(""),
  );
}

const jsonEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** Escapes what could move the cursor or hide, for people. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
