/** How a command ends without a result: one line for people, and an exit code for programs. */
export class Stop extends Error {
  readonly exitCode: 1 | 2;

  /** 1: it failed. 2: it was called wrongly, and nothing was sent. */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Wherever it stands in a text. */
export const KEY = /pst_(test|live)_([0-9a-z]{16})_[0-9a-z]+/g;

/**
 * One line that may stand in a terminal or a CI log. What was typed comes back in messages of wrong usage: a key given in place of
 * its ID, or a misspelt `--token=…`.
 */
export function errorLine(message: string): string {
  const line = message
    .replace(/^error: /, "")
    .replace(KEY, "pst_$1_$2_…")
    .replace(/'(-[^'=]*)=[^']*'/g, "'$1=…'")
    .replace(/\s+/g, " ")
    .trim();
  return `error: ${printable(line)}`;
}

/** Names and messages come from elsewhere: nothing in them may move the cursor or hide text. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  );
}
