/** The text of a link that hands a key over. */
import { HandoverLink, KeyRecord, parseResponse } from "./client.ts";
import { printable } from "./errors.ts";
import { recordText, utcTime } from "./format.ts";

/** Shows the link, and how to use it. `heading` says in a sentence what happened; `seconds`: how long the link works. */
export function handoverText(json: unknown, heading: string, seconds: number): string {
  const { handover_url: url } = parseResponse(HandoverLink, json);
  const record = KeyRecord.safeParse(json).data;
  const [page = ""] = url.split("#");
  return [
    heading,
    "",
    `  ${printable(url)}`,
    "",
    `It shows the key once, to whoever opens it first and asks for it, ${endText(record, seconds)}`,
    "A rotation or a revocation of the key ends the link. Without a browser, the key comes by:",
    "",
    `  curl -d '{"token":"<what follows the # of the link>"}' ${printable(page)}`,
    ...(record === undefined ? [] : ["", recordText(record)]),
  ].join("\n");
}

/** The link was made when the key was issued, which is the last change of the record. */
function endText(record: KeyRecord | undefined, seconds: number): string {
  const issuedAt = Date.parse(record?.updated_at ?? "");
  return Number.isNaN(issuedAt)
    ? `for ${seconds} s.`
    : `until ${utcTime(new Date(issuedAt + seconds * 1_000).toISOString())}.`;
}
