/** The commands that change something: create, edit, rotate, revoke, purge. Those that end a key at once ask first. */
import { type AdminApi, KeyRecord, PurgeResult, parseResponse } from "../client.ts";
import { CliError, printable } from "../errors.ts";
import { issuedText, purgedText, utcTime } from "../format.ts";
import {
  type CreateOptions,
  createBody,
  type EditOptions,
  editBody,
  needsCurrentFields,
} from "../policy-options.ts";
import { type CommandResult, keyPath, recordResult } from "./read.ts";

/** Asks a yes-or-no question; null if there is no terminal to ask at. */
export type Confirm = ((question: string) => Promise<boolean>) | null;

export async function create(api: AdminApi, options: CreateOptions): Promise<CommandResult> {
  const document = await api.call("POST", "/admin/keys", createBody(options));
  return { document, text: () => issuedText(api.origin, document, "The key:") };
}

export async function edit(api: AdminApi, keyId: string, options: EditOptions): Promise<CommandResult> {
  // Built before any request, because an edit that changes nothing is wrong usage.
  const body = editBody(options, null);
  if (!needsCurrentFields(options)) return recordResult(await api.call("PATCH", keyPath(keyId), body));
  const { fields } = parseResponse(KeyRecord, await api.call("GET", keyPath(keyId)));
  return recordResult(await api.call("PATCH", keyPath(keyId), editBody(options, fields ?? null)));
}

export async function rotate(
  api: AdminApi,
  keyId: string,
  { overlap, yes }: { readonly overlap: number; readonly yes?: boolean },
  confirm: Confirm,
): Promise<CommandResult> {
  if (overlap === 0 && !yes) {
    const ask = requireTerminal(confirm, "With --overlap 0, rotate ends the current key at once");
    await requireYes(ask, `${await describeKey(api, keyId)}: end the current key at once and issue another?`);
  }
  const document = await api.call("POST", `${keyPath(keyId)}/rotate`, { overlap_seconds: overlap });
  return {
    document,
    text: () => {
      const until = KeyRecord.safeParse(document).data?.previous_generation_valid_until;
      const oldKey = until
        ? `The old key works until ${utcTime(until)}.`
        : "The old key stops working everywhere within LEASE_SECONDS (default: 5).";
      return issuedText(api.origin, document, `${oldKey} The new key:`);
    },
  };
}

export async function revoke(
  api: AdminApi,
  keyId: string,
  { yes }: { readonly yes?: boolean },
  confirm: Confirm,
): Promise<CommandResult> {
  if (!yes) {
    const ask = requireTerminal(confirm, "A revoked key cannot be restored");
    await requireYes(ask, `${await describeKey(api, keyId)}: revoke it for good?`);
  }
  return recordResult(await api.call("DELETE", keyPath(keyId)));
}

export async function purge(api: AdminApi, organization: string): Promise<CommandResult> {
  const body = { organization_id: organization };
  const ifUncertain = " It is safe to repeat a purge.";
  const document = await api.call("POST", "/admin/cache/purge", body, ifUncertain);
  return { document, text: () => purgedText(parseResponse(PurgeResult, document)) };
}

async function describeKey(api: AdminApi, keyId: string): Promise<string> {
  const { name, status } = parseResponse(KeyRecord, await api.call("GET", keyPath(keyId)));
  return `"${printable(name)}" (${keyId}, ${printable(status)})`;
}

function requireTerminal(confirm: Confirm, reason: string): NonNullable<Confirm> {
  if (confirm !== null) return confirm;
  throw new CliError(`${reason}, and there is no terminal to ask at: give --yes to confirm.`, 2);
}

async function requireYes(ask: NonNullable<Confirm>, question: string): Promise<void> {
  if (!(await ask(question))) throw new CliError("Not confirmed: nothing was changed.");
}
