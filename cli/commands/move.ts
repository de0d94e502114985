/** The commands that back a deployment up and move it: export and import. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { type AdminApi, parseResponse, TakenInRecord, WholeRecord } from "../client.ts";
import { eachConcurrently } from "../concurrently.ts";
import { CliError, printable, RefusedError } from "../errors.ts";
import { readExportFile, writeExportFile } from "../export-file.ts";
import { type CommandResult, keyPath, MAX_PAGE_SIZE } from "./read.ts";
import { POLICY_PATH } from "./sessions.ts";

/** Tells people how far the command is. */
export type Progress = (text: string) => void;

const recordPath = (keyId: string) => `${keyPath(keyId)}/record`;

/** Writes everything that moves to a new file. `file`: its path; a name with the time by default. */
export async function exportDeployment(
  api: AdminApi,
  file: string | undefined,
  progress: Progress,
  now: number = Date.now(),
): Promise<CommandResult> {
  const path = file ?? `postern-export-${new Date(now).toISOString().replace(/[:.]/g, "-")}.jsonl`;
  const document = { file: path, keys: 0, session_policy: false, events: 0 };
  await writeExportFile(path, api.origin, now, async (add) => {
    for await (const { keys } of readPages(api, "/admin/keys", KeyIdPage)) {
      const records: WholeRecord[] = [];
      await eachConcurrently(keys, async ({ key_id }, index) => {
        records[index] = parseResponse(WholeRecord, await api.call("GET", recordPath(key_id)));
      });
      for (const key of records) add({ key });
      document.keys += records.length;
      progress(`exported ${countText(document.keys, "key")} …`);
    }
    const policy = await readPolicy(api);
    if (policy !== null) add({ session_policy: policy });
    document.session_policy = policy !== null;
    for await (const { events } of readPages(api, "/admin/audit", EventPage)) {
      for (const event of events) add({ event });
      document.events += events.length;
    }
  });
  const policyText = document.session_policy ? ", the session policy" : "";
  return {
    document,
    text: () =>
      `Exported ${countText(document.keys, "key")}${policyText} and ${countText(document.events, "event")} of the audit to ${printable(path)}.`,
    note: "The file holds no key. Keep it private all the same: it says whom the keys are for, and who did what. Usage, metrics and links to keys are not in it.",
  };
}

const countText = (count: number, unit: string) => `${count} ${unit}${count === 1 ? "" : "s"}`;

/** Null if there is none. */
async function readPolicy(api: AdminApi): Promise<Record<string, unknown> | null> {
  try {
    return { ...((await api.call("GET", POLICY_PATH)) as object) };
  } catch (error) {
    if (error instanceof RefusedError && error.type === "session_policy_not_found") return null;
    throw error;
  }
}

/** Only what is needed of a page: the rest of an item is passed on as it is. */
const KeyIdPage = z.object({ keys: z.array(WholeRecord), next_cursor: z.string().nullable() });
const EventPage = z.object({ events: z.array(z.looseObject({})), next_cursor: z.string().nullable() });

/** All pages of a list, in turn. */
async function* readPages<Page extends { readonly next_cursor: string | null }>(
  api: AdminApi,
  path: string,
  schema: z.ZodType<Page>,
): AsyncGenerator<Page> {
  const seenCursors = new Set<string>();
  let page: Page | undefined;
  do {
    const query = new URLSearchParams({ limit: `${MAX_PAGE_SIZE}` });
    if (page?.next_cursor) query.set("cursor", page.next_cursor);
    page = parseResponse(schema, await api.call("GET", `${path}?${query}`));
    yield page;
    const { next_cursor: next } = page;
    if (next !== null && seenCursors.has(next)) {
      throw new CliError("Postern gave the same next_cursor twice, so the list has no end.");
    }
    seenCursors.add(next ?? "");
  } while (page.next_cursor !== null);
}

const IF_UNCERTAIN = " Repeat the command: what was imported stays, and is not changed by another import.";

/** Sends what the file holds. Keys that the server refuses are named, and the others go on. */
export async function importDeployment(
  api: AdminApi,
  file: string,
  progress: Progress,
): Promise<CommandResult> {
  const { keys, sessionPolicy, events } = readExportFile(file);
  const counts = { imported: 0, updated: 0, unchanged: 0 };
  const kept: string[] = [];
  const refused: { readonly key_id: string; readonly problem: string }[] = [];
  let done = 0;
  await eachConcurrently(keys, async (key) => {
    const { key_id: keyId } = key;
    try {
      const answer = await api.call("PUT", recordPath(keyId), key, IF_UNCERTAIN);
      const { outcome } = parseResponse(TakenInRecord, answer);
      if (outcome === "kept") kept.push(keyId);
      else counts[outcome] += 1;
    } catch (error) {
      refused.push({ key_id: keyId, problem: refusalOf(error) });
    }
    done += 1;
    if (done % MAX_PAGE_SIZE === 0) progress(`${done} of ${keys.length} keys …`);
  });
  const policy = await importPolicy(api, sessionPolicy);
  return {
    document: { ...counts, kept, refused, session_policy: policy, events_not_imported: events },
    text: () =>
      [
        `Imported ${countText(counts.imported, "key")}; ${counts.updated} updated, ${counts.unchanged} unchanged, ${kept.length} kept, ${refused.length} refused.`,
        ...refused.map(({ key_id, problem }) => `  refused ${key_id}: ${printable(problem)}`),
        POLICY_TEXTS[policy],
        `The ${countText(events, "event")} of the audit stay in the file.`,
      ].join("\n"),
    note: "Try one of the old keys (GET /whoami): it works here if KEY_SECRET, or KEY_SECRET_PREVIOUS, is the one that made it.",
    warnings: [
      ...kept.map(
        (keyId) => `${keyId} was changed here since, and is kept as it is. Compare it: show ${keyId}`,
      ),
      ...(policy === "kept" ? ["The session policy here is another, and is kept as it is."] : []),
    ],
    ...(refused.length === 0 ? {} : { failure: `${countText(refused.length, "key")} of the file refused.` }),
  };
}

/** Why the server refuses this record alone. Throws if it would refuse all of them, or if the call failed. */
function refusalOf(error: unknown): string {
  if (!(error instanceof RefusedError)) throw error;
  const { type, reason } = error;
  if (type !== "invalid_request" && type !== "key_not_found") throw error;
  if (!reason.startsWith("project_id: ")) return reason;
  throw new CliError(
    "The file is of another Stytch project than this deployment: its keys cannot work here.",
  );
}

const POLICY_TEXTS = {
  none: "The file has no session policy.",
  set: "The session policy is set.",
  unchanged: "The session policy is the same.",
  kept: "The session policy of the file is not set: there is another.",
} as const;

async function importPolicy(api: AdminApi, given: object | null): Promise<keyof typeof POLICY_TEXTS> {
  if (given === null) return "none";
  const here = await readPolicy(api);
  if (here !== null) return isDeepStrictEqual(here, given) ? "unchanged" : "kept";
  await api.call("PUT", POLICY_PATH, given, IF_UNCERTAIN);
  return "set";
}
