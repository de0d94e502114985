/** Finds the places in the source that places in the built Worker mean. Pure. */
import { SourceMap } from "node:module";

export type { SourceMap } from "node:module";

/** Line and column, from 1, as in `index.js:12:3456`. */
const PLACE = /[\w./-]*\.js:(\d+):(\d+)/g;

/** In the source. Line and column are counted from 0. */
interface SourcePlace {
  /** Such as `src/app.ts`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Where a line and a column of the built Worker, from 0, are in the source; null if the map does not know. */
export function findPlace(map: SourceMap, line: number, column: number): SourcePlace | null {
  const found = map.findEntry(line, column);
  // If the map does not know the line, it finds the last place before.
  if (!("originalSource" in found) || found.generatedLine !== line) return null;
  // The build's folder is temporary, so paths are seen from it.
  const file = found.originalSource.replace(/^.*?(?=(?:src|node_modules)\/)/, "");
  return { file, line: found.originalLine, column: found.originalColumn };
}

/** The text with each place replaced by its function, file, line and column in the source, as far as they are known. */
export function locate(text: string, sourceMap: string): string {
  const map = new SourceMap(JSON.parse(sourceMap));
  return text.replace(PLACE, (place, line: string, column: string) => {
    const found = findPlace(map, Number(line) - 1, Number(column) - 1);
    return found === null ? place : `${found.file}:${found.line + 1}:${found.column + 1}`;
  });
}
