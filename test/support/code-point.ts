/** Characters for properties of text. */
import fc from "fast-check";

const SURROGATES = { first: 0xd800, count: 0x800 };
const MAX_CODE_POINT = 0x10ffff;

/**
 * Any code point that is not half a pair of surrogates, as a unit of `fc.string`. The unit "binary" of fast-check gives
 * the same ones, but takes more than a second to create, in each process.
 */
export const codePoint = fc
  .integer({ min: 0, max: MAX_CODE_POINT - SURROGATES.count })
  .map(toCharacter, (character) => toNumber(character));

function toCharacter(number: number): string {
  return String.fromCodePoint(number < SURROGATES.first ? number : number + SURROGATES.count);
}

/** The way back, by which fast-check mixes names such as `__proto__` in, and makes a text that fails shorter. */
function toNumber(character: unknown): number {
  const [one, ...others] = typeof character === "string" ? character : "";
  const point = one?.codePointAt(0);
  if (point === undefined || others.length > 0) throw new Error("not a code point");
  return point < SURROGATES.first ? point : point - SURROGATES.count;
}
