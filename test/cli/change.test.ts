import { expect, test, vi } from "vitest";
import type { AdminApi } from "../../cli/client.ts";
import { revoke, rotate } from "../../cli/commands/change.ts";

const ID = "0123456789abcdef";

const RECORD_FIELDS = {
  key_id: ID,
  name: "Acme\npartner",
  status: "active",
  scopes: [],
  created_at: "2026-11-21T20:00:00Z",
  updated_at: "2026-11-21T20:00:00Z",
};

/** An admin API that has one key and records the calls. */
function fakeApi() {
  const calls: string[] = [];
  const api: AdminApi = {
    origin: "https://postern.example",
    call: (method, path, body) => {
      calls.push([method, path, ...(body === undefined ? [] : [JSON.stringify(body)])].join(" "));
      return Promise.resolve({
        ...RECORD_FIELDS,
        ...(method === "POST" ? { key: "pst_live_key", previous_generation_valid_until: null } : {}),
      });
    },
  };
  return { api, calls };
}

test("revoke asks with the key's name, and a no changes nothing", async () => {
  const { api, calls } = fakeApi();
  const no = vi.fn(() => Promise.resolve(false));
  await expect(revoke(api, ID, {}, no)).rejects.toMatchObject({ exitCode: 1 });
  expect(no).toHaveBeenCalledExactlyOnceWith(`"Acme\\u{a}partner" (${ID}, active): revoke it for good?`);
  expect(calls).toEqual([`GET /admin/keys/${ID}`]);
});

test("revoke ends the key after a yes", async () => {
  const { api, calls } = fakeApi();
  await revoke(api, ID, {}, () => Promise.resolve(true));
  expect(calls).toEqual([`GET /admin/keys/${ID}`, `DELETE /admin/keys/${ID}`]);
});

test("--yes skips the confirmation of revoke and rotate", async () => {
  const { api, calls } = fakeApi();
  await revoke(api, ID, { yes: true }, null);
  await rotate(api, ID, { overlap: 0, yes: true }, null);
  expect(calls).toEqual([`DELETE /admin/keys/${ID}`, `POST /admin/keys/${ID}/rotate {"overlap_seconds":0}`]);
});

test("a link of rotate works from the change of the record on, or for some seconds if that is unknown", async () => {
  const link = { handover_url: "https://postern.example/handover#handover_x" };
  const record = { ...RECORD_FIELDS, updated_at: "2026-11-21T20:00:00.500Z" };
  const api = (body: object): AdminApi => ({ origin: "", call: () => Promise.resolve(body) });
  const options = { overlap: 60, handover: 3_600 };
  const known = (await rotate(api({ ...record, ...link }), ID, options, null)).text();
  expect(known).toContain("https://postern.example/handover#handover_x\n");
  expect(known).toContain("asks for it, until 2026-11-21T21:00:00Z.");
  expect(known).toContain("The link to the new key:");
  expect((await rotate(api(link), ID, options, null)).text()).toContain("asks for it, for 3600 s.");
});

test("without a terminal and --yes, revoke and rotate send nothing", async () => {
  const { api, calls } = fakeApi();
  await expect(revoke(api, ID, {}, null)).rejects.toMatchObject({ exitCode: 2 });
  await expect(rotate(api, ID, { overlap: 0 }, null)).rejects.toMatchObject({ exitCode: 2 });
  expect(calls).toEqual([]);
});

test("rotate asks only if the old key ends at once", async () => {
  const { api, calls } = fakeApi();
  const no = vi.fn(() => Promise.resolve(false));
  await rotate(api, ID, { overlap: 60 }, no);
  expect(no).not.toHaveBeenCalled();
  await expect(rotate(api, ID, { overlap: 0 }, no)).rejects.toThrow("nothing was changed");
  expect(calls).toEqual([`POST /admin/keys/${ID}/rotate {"overlap_seconds":60}`, `GET /admin/keys/${ID}`]);
});
