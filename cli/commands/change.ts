/** The commands that change something: create, edit, rotate, revoke, purge. Those that end a key at once ask first. */
import { type AdminApi, KeyRecord, PurgeResult, parseResponse } from "../client.ts";
import { CliError, printable } from "../errors.ts";
import { editedText, issuedText, purgedText, purgeNote, purgeWarnings, rotatedHeading } from "../format.ts";
import { handoverText } from "../handover-format.ts";
import { createBody, editBody, requireChange } from "../policy-body.ts";
import type { CreateOptions, EditOptions } from "../policy-options.ts";
import { policyWarnings } from "../warnings.ts";
import { type CommandResult, keyPath, recordResult } from "./read.ts";

/** Asks a yes-or-no question; null if there is no terminal to ask at. */
export type Confirm = ((question: string) => Promise<boolean>) | null;

export async function create(api: AdminApi, options: CreateOptions): Promise<CommandResult> {
  const document = await api.call("POST", "/admin/keys", createBody(options));
  const { handover } = options;
  return {
    document,
    text: () =>
      handover === undefined
        ? issuedText(api.origin, document, "The key:")
        : handoverText(document, "The link to the key:", handover),
    warnings: warningsOf(document),
  };
}

/** Reads the record first, to keep what no option names and to show what has changed. */
export async function edit(api: AdminApi, keyId: string, options: EditOptions): Promise<CommandResult> {
  requireChange(options);
  const before = parseResponse(KeyRecord, await api.call("GET", keyPath(keyId)));
  const document = await api.call("PATCH", keyPath(keyId), editBody(options, before));
  return {
    document,
    text: () => editedText(before, parseResponse(KeyRecord, document)),
    warnings: warningsOf(document),
  };
}

/** None if the record has an unexpected form: a surprise there must not lose the key beside it. */
function warningsOf(document: unknown): readonly string[] {
  const record = KeyRecord.safeParse(document).data;
  return record === undefined ? [] : policyWarnings(record);
}

export interface RotateOptions {
  /** Seconds, as `handover` is. */
  readonly overlap: number;
  readonly handover?: number;
  readonly yes?: boolean;
}

export async function rotate(
  api: AdminApi,
  keyId: string,
  { overlap, handover, yes }: RotateOptions,
  confirm: Confirm,
): Promise<CommandResult> {
  if (overlap === 0 && !yes) {
    const ask = requireTerminal(confirm, "Without --overlap, rotate ends the current key at once");
    await requireYes(ask, `${await describeKey(api, keyId)}: end the current key at once and issue another?`);
  }
  const document = await api.call("POST", `${keyPath(keyId)}/rotate`, {
    overlap_seconds: overlap,
    ...(handover !== undefined && { handover_seconds: handover }),
  });
  const heading = (issued: string) => `${rotatedHeading(KeyRecord.safeParse(document).data)} ${issued}:`;
  return {
    document,
    text: () =>
      handover === undefined
        ? issuedText(api.origin, document, heading("The new key"))
        : handoverText(document, heading("The link to the new key"), handover),
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
  const note = purgeNote(organization);
  return {
    document,
    text: () => purgedText(parseResponse(PurgeResult, document)),
    ...(note === undefined ? {} : { note }),
    warnings: purgeWarnings(organization),
  };
}

export async function purgeRbacPolicy(api: AdminApi): Promise<CommandResult> {
  const ifUncertain = " It is safe to repeat a purge.";
  const document = await api.call("POST", "/admin/cache/purge", { rbac_policy: true }, ifUncertain);
  return { document, text: () => purgedText(parseResponse(PurgeResult, document)) };
}

async function describeKey(api: AdminApi, keyId: string): Promise<string> {
  const { name, status } = parseResponse(KeyRecord, await api.call("GET", keyPath(keyId)));
  return `"${printable(name)}" (${keyId}, ${printable(status)})`;
}

export function requireTerminal(confirm: Confirm, reason: string): NonNullable<Confirm> {
  if (confirm !== null) return confirm;
  throw new CliError(`${reason}, and there is no terminal to ask at: give --yes to confirm.`, 2);
}

export async function requireYes(ask: NonNullable<Confirm>, question: string): Promise<void> {
  if (!(await ask(question))) throw new CliError("Not confirmed: nothing was changed.");
}
