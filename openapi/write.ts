/** `npm run openapi`: writes what is generated from the code and committed. */
import { writeFileSync } from "node:fs";
import { createDocument, formatDocument } from "./document.ts";

writeFileSync("openapi.json", formatDocument(await createDocument()));
