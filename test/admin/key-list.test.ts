/** `GET /admin/keys` with a search text and a status. */
import { beforeEach, expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey, type TestIsolate } from "../support/deployment.ts";
import { emptyDirectory } from "../support/directory.ts";

const { at } = useClock();

interface Page {
  readonly keys: readonly { key_id: string; name: string; status: string }[];
  readonly next_cursor: string | null;
}

let isolate: TestIsolate;
/** By name. */
let ids: Record<string, string>;
beforeEach(async () => {
  await emptyDirectory();
  isolate = createIsolate();
  ids = {};
  for (const [index, name] of ["Acme CRM", "acme Portal", "Änderung 50%", "Ended", "Gone ACME"].entries()) {
    at(index);
    const fields = { name, ...(name === "Ended" && { expires_at: "2027-01-15T08:00:10Z" }) };
    ids[name] = (await createKey(isolate, undefined, fields)).keyId;
  }
  await isolate.admin("DELETE", `/admin/keys/${ids["Gone ACME"]}`);
  at(10);
});

const list = async (query: string) => await (await isolate.admin("GET", `/admin/keys?${query}`)).json<Page>();
const namesOf = ({ keys }: Page) => keys.map(({ name }) => name);

test.each([
  ["q=acme", ["Gone ACME", "acme Portal", "Acme CRM"]],
  ["q=ACME%20c", ["Acme CRM"]],
  ["q=%C3%A4NDER", ["Änderung 50%"]],
  // Neither sign stands for others.
  ["q=%25", ["Änderung 50%"]],
  ["q=_", []],
  [`q=${encodeURIComponent("A\u0308nd")}`, ["Änderung 50%"]],
  ["q=", ["Gone ACME", "Ended", "Änderung 50%", "acme Portal", "Acme CRM"]],
  ["status=active", ["Änderung 50%", "acme Portal", "Acme CRM"]],
  ["status=expired", ["Ended"]],
  ["status=revoked", ["Gone ACME"]],
  ["status=active&q=acme", ["acme Portal", "Acme CRM"]],
  ["status=expired&q=acme", []],
])("the list of keys with %s has %j", async (query, names) => {
  const page = await list(query);
  expect(namesOf(page)).toEqual(names);
  expect(page.next_cursor).toBeNull();
});

test("a key is found by a part of its ID, in any case", async () => {
  const id = ids["Ended"] ?? "";
  for (const q of [id, id.slice(2, 14), id.toUpperCase()]) {
    expect(namesOf(await list(`q=${q}`))).toEqual(["Ended"]);
  }
});

test("pages of a filtered list have every key that matches once, and are full until the last", async () => {
  const first = await list("status=active&q=acme&limit=1");
  expect(namesOf(first)).toEqual(["acme Portal"]);
  const second = await list(`status=active&q=acme&limit=1&cursor=${first.next_cursor}`);
  expect(namesOf(second)).toEqual(["Acme CRM"]);
  expect(second.next_cursor).toBeNull();
});

test("the status of a listed key follows the clock", async () => {
  at(9);
  expect(namesOf(await list("status=expired"))).toEqual([]);
  expect(namesOf(await list("status=active"))).toContain("Ended");
});

test.each([
  ["status=unused", "status: must be one of active, expired, revoked"],
  ["status=", "status: must be one of active, expired, revoked"],
  ["status=Active", "status: must be one of active, expired, revoked"],
  ["name=acme", "name: unknown field"],
])("the list of keys with %s is 400", async (query, message) => {
  isolate.resetCounts();
  const response = await isolate.admin("GET", `/admin/keys?${query}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error_type: "invalid_request", error_message: message });
  expect(isolate.counts.objects).not.toHaveProperty("listKeys");
});

test("a search text may have 256 characters, and no more", async () => {
  const search = async (length: number) =>
    (await isolate.admin("GET", `/admin/keys?q=${"a".repeat(length)}`)).status;
  expect([await search(256), await search(257)]).toEqual([200, 400]);
});

test("the audit is not filtered like the keys", async () => {
  expect((await isolate.admin("GET", "/admin/audit?q=acme")).status).toBe(400);
});

test.each([
  ["ΟΔΟΣΑΕ", "ΟΔΟΣ"],
  ["Straße", "STRASSE"],
])("a key named %s is found by %s", async (name, text) => {
  await createKey(isolate, undefined, { name });
  expect(namesOf(await list(`q=${encodeURIComponent(text)}`))).toEqual([name]);
});

test.each(["limit=1&limit=2", "status=active&status=revoked", "q=a&q=a"])(
  "the list of keys with %s is 400, since nobody can tell which is meant",
  async (query) => {
    const response = await isolate.admin("GET", `/admin/keys?${query}`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error_message: expect.stringContaining("must be given once"),
    });
  },
);
