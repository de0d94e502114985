/** The table of `docs/errors.md`, from the table of failures. */
import { formatTable, replaceBetween } from "../dev/markdown.ts";
import { ERROR_DESCRIPTIONS } from "../src/error-docs/descriptions.ts";
import { ERROR_TYPES, sampleResponse, wireName } from "./error-samples.ts";

const BEGIN = "<!-- `npm run openapi` writes this table from src/error-docs/ -->\n";
const END = "<!-- end of the table -->\n";

/** Replaces the table in the text of the page. */
export async function withErrorsTable(page: string): Promise<string> {
  return replaceBetween(page, BEGIN, END, await errorsTable());
}

async function errorsTable(): Promise<string> {
  const rows = await Promise.all(
    ERROR_TYPES.map(async (type) => {
      const { status } = await sampleResponse(type);
      const { meaning, fault, responsible, action, retry } = ERROR_DESCRIPTIONS[type];
      const name = wireName(type) === type ? `\`${type}\`` : wireName(type);
      return [String(status), name, meaning, fault, responsible, action, retry];
    }),
  );
  rows.sort(([a = ""], [b = ""]) => Number(a) - Number(b));
  const head = [
    "Status",
    "`error_type`",
    "What it means",
    "Whose fault",
    "Who has to act",
    "What to do",
    "Try again?",
  ];
  return formatTable([head, ...rows]);
}
