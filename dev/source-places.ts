/** Finds the places in the source that a stack trace of the minified Worker means. Pure. */
import { type SourceMap as NodeSourceMap, SourceMap } from "node:module";

/** Line and column, from 1, as in `index.js:12:3456`. */
const PLACE = /[\w./-]*\.js:(\d+):(\d+)/g;

/** The text with each place replaced by its function, file, line and column in the source, as far as they are known. */
export function locate(text: string, sourceMap: string): string {
  const map: NodeSourceMap = new SourceMap(JSON.parse(sourceMap));
  return text.replace(PLACE, (place, line: string, column: string) => {
    const found = map.findEntry(Number(line) - 1, Number(column) - 1);
    // If the map does not know the line, it finds the last place before.
    if (!("originalSource" in found) || found.generatedLine !== Number(line) - 1) return place;
    // The build's folder is temporary, so paths are seen from it.
    const file = found.originalSource.replace(/^.*?(?=(?:src|node_modules)\/)/, "");
    return `${file}:${found.originalLine + 1}:${found.originalColumn + 1}`;
  });
}
