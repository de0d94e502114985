/** `npm run openapi`: writes what is generated from the code and committed. */
import { readFileSync, writeFileSync } from "node:fs";
import { createDocument, formatDocument } from "./document.ts";
import { withErrorsTable } from "./errors-table.ts";

const ERRORS_PAGE = "docs/errors.md";

writeFileSync("openapi.json", formatDocument(await createDocument()));
writeFileSync(ERRORS_PAGE, await withErrorsTable(readFileSync(ERRORS_PAGE, "utf8")));
