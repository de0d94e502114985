/** Reads the HTML of generated pages, strictly: what a browser would mend is an error. */

const VOID = ["meta", "link", "br", "hr", "img", "input"];

export interface Page {
  /** Each opening tag with its attributes. */
  readonly tags: readonly { readonly name: string; readonly attributes: ReadonlyMap<string, string> }[];
}

/** Throws if a tag is not closed in order, an attribute is not quoted, or a character is not escaped. */
export function parsePage(text: string): Page {
  const open: string[] = [];
  const tags: { name: string; attributes: Map<string, string> }[] = [];
  const pieces = text.replace(/^<!doctype html>/, "").split(/(<[^<>]*>)/);
  for (const piece of pieces) {
    if (!piece.startsWith("<")) {
      if (/[<>]|&(?!(?:amp|lt|gt|quot|#39);)/.test(piece))
        throw new Error(`not escaped: ${piece.slice(0, 80)}`);
      continue;
    }
    const [, closes, name = "", rest = ""] =
      /^<(\/?)([a-z][a-z0-9]*)((?: [a-z-]+(?:="[^"<>]*")?)*)>$/.exec(piece) ?? [];
    if (name === "") throw new Error(`no tag: ${piece}`);
    if (closes === "/") {
      const last = open.pop();
      if (last !== name) throw new Error(`</${name}> closes <${last}>`);
      continue;
    }
    const found = [...rest.matchAll(/ ([a-z-]+)(?:="([^"]*)")?/g)];
    tags.push({ name, attributes: new Map(found.map(([, key = "", value = ""]) => [key, value])) });
    if (!VOID.includes(name)) open.push(name);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)}> is not closed`);
  return { tags };
}

/** The values of an attribute, of all tags. */
export const valuesOf = ({ tags }: Page, attribute: string): string[] =>
  tags.flatMap(({ attributes }) => attributes.get(attribute) ?? []);
