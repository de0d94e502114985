import { expect, test, vi } from "vitest";
import type { AdminApi } from "../../cli/client.ts";
import { revoke, rotate } from "../../cli/commands/change.ts";

const ID = "0123456789abcdef";

/** An admin API that has one key and records the calls. */
function fakeApi() {
  const calls: string[] = [];
  const api: AdminApi = {
    origin: "https://postern.example",
    call: (method, path, body) => {
      calls.push([method, path, ...(body === undefined ? [] : [JSON.stringify(body)])].join(" "));
      const at = "2026-11-21T20:00:00Z";
      return Promise.resolve({
        ...{
          key_id: ID,
          name: "Acme\npartner",
          status: "active",
          scopes: [],
          created_at: at,
          updated_at: at,
        },
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
