/** The commands that end a key, or can: they ask first. */

import { KeyRecord, understand } from "./answers.ts";
import type { AdminApi } from "./client.ts";
import { keyPath, type Result, recordResult } from "./commands.ts";
import { printable, Stop } from "./errors.ts";
import { iso } from "./format.ts";
import { issuedText } from "./texts.ts";

/** Null where nobody can be asked. */
export type Confirm = ((question: string) => Promise<boolean>) | null;

export async function rotate(
  api: AdminApi,
  keyId: string,
  { overlap, yes }: { readonly overlap: number; readonly yes?: boolean },
  confirm: Confirm,
): Promise<Result> {
  if (overlap === 0 && !yes) {
    const ask = orRefuse(confirm, "With an overlap of 0, rotate ends the key in use at once");
    await settle(ask, `${await nameOf(api, keyId)}: end the key in use at once, and issue another?`);
  }
  const document = await api.call("POST", `${keyPath(keyId)}/rotate`, { overlap_seconds: overlap });
  return {
    document,
    text: () => {
      const until = KeyRecord.safeParse(document).data?.previous_generation_valid_until;
      const old = until
        ? `The old one works until ${iso(until)}.`
        : "The old one has ended, everywhere within LEASE_SECONDS.";
      return issuedText(api.origin, document, `${old} The new key:`);
    },
  };
}

export async function revoke(
  api: AdminApi,
  keyId: string,
  { yes }: { readonly yes?: boolean },
  confirm: Confirm,
): Promise<Result> {
  if (!yes) {
    const ask = orRefuse(confirm, "revoke ends a key for good");
    await settle(ask, `${await nameOf(api, keyId)}: revoke it, for good?`);
  }
  return recordResult(await api.call("DELETE", keyPath(keyId)));
}

async function nameOf(api: AdminApi, keyId: string): Promise<string> {
  const { name, status } = understand(KeyRecord, await api.call("GET", keyPath(keyId)));
  return `"${printable(name)}" (${keyId}, ${printable(status)})`;
}

function orRefuse(confirm: Confirm, what: string): NonNullable<Confirm> {
  if (confirm !== null) return confirm;
  throw new Stop(`${what}, and there is no terminal to ask at: give --yes.`, 2);
}

async function settle(ask: NonNullable<Confirm>, question: string): Promise<void> {
  if (!(await ask(question))) throw new Stop("Not confirmed, so nothing was done.");
}
