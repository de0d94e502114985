/** Which aliases a canonical object tells of its entries, and when again. */
import { expect, test, vi } from "vitest";
import { AliasNotifier, type AliasObject } from "../../../src/cache/object/alias-notifier.ts";
import { entryOf } from "../../support/cached.ts";

function notifierWith(stored = new Map<string, unknown>()) {
  const aliasChanged = vi.fn<AliasObject["aliasChanged"]>(async () => {});
  const storage = {
    get: (key: string) => stored.get(key),
    put: (key: string, value: unknown) => void stored.set(key, value),
    delete: (key: string) => stored.delete(key),
  } as unknown as SyncKvStorage;
  return { notifier: new AliasNotifier(storage, () => ({ aliasChanged })), aliasChanged };
}

const entryAt = (requestedAt: number) => entryOf({ slug: "acme", externalId: "crm-1", requestedAt });

test("an alias is told once, and again only after it was forgotten", async () => {
  const { notifier, aliasChanged } = notifierWith();
  await notifier.notify(entryAt(1));
  await notifier.notify(entryAt(2));
  expect(aliasChanged).toHaveBeenCalledTimes(2);
  await notifier.forget("acme", null);
  expect(aliasChanged).toHaveBeenCalledTimes(2);
  await notifier.notify(entryAt(3));
  expect(aliasChanged.mock.calls.slice(2)).toEqual([["acme", "organization-1", 3, true]]);
});

test("a forgotten alias that a newer entry has is told of it at once", async () => {
  const { notifier, aliasChanged } = notifierWith();
  await notifier.notify(entryAt(1));
  await notifier.forget("acme", entryAt(3));
  expect(aliasChanged.mock.calls.slice(2)).toEqual([["acme", "organization-1", 3, true]]);
});

test("an alias that is forgotten while another is told stays forgotten", async () => {
  const { notifier, aliasChanged } = notifierWith();
  await notifier.notify(entryOf({ slug: "acme", externalId: null, requestedAt: 1 }));
  const told = notifier.notify(entryAt(2));
  await Promise.all([told, notifier.forget("acme", null)]);
  await notifier.notify(entryAt(3));
  expect(aliasChanged.mock.calls.at(-1)).toEqual(["acme", "organization-1", 3, true]);
});

test("an alias that was never told costs no write when it is forgotten", async () => {
  const stored = new Map<string, unknown>();
  const { notifier, aliasChanged } = notifierWith(stored);
  await notifier.forget("acme", null);
  expect([stored.size, aliasChanged.mock.calls.length]).toEqual([0, 0]);
});
