/** Reads a text file line by line, so that its size takes no memory. */
import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { CliError } from "./errors.ts";

const CHUNK_BYTES = 64 * 1024;

/** Far more than any record of Postern: the admin API takes at most 128 KiB. */
const MAX_LINE_LENGTH = 1024 * 1024;

/** The lines, without their ends. Throws a `CliError` if the file cannot be read, or is no text of lines. */
export function* readLines(path: string): Generator<string> {
  const withCode = <Value>(run: () => Value): Value => {
    try {
      return run();
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : "unknown";
      throw new CliError(`The file ${path} cannot be read (${code}).`);
    }
  };
  const file = withCode(() => openSync(path, "r"));
  try {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const decoder = new StringDecoder("utf8");
    let rest = "";
    for (;;) {
      const size = withCode(() => readSync(file, chunk));
      if (size === 0) break;
      const lines = (rest + decoder.write(chunk.subarray(0, size))).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE_LENGTH) throw new CliError(`The file ${path} has a line that is too long.`);
      for (const line of lines) yield line.replace(/\r$/, "");
    }
    rest += decoder.end();
    if (rest !== "") yield rest.replace(/\r$/, "");
  } finally {
    closeSync(file);
  }
}
