import { expect, test, vi } from "vitest";
import type { AdminApi } from "../../cli/client.ts";
import { revoke, rotate } from "../../cli/endings.ts";

const ID = "0123456789abcdef";

/** Knows one key, and notes what it is asked. */
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

test("revoking asks with the key's name, and a no sends nothing", async () => {
  const { api, calls } = fakeApi();
  const no = vi.fn(() => Promise.resolve(false));
  await expect(revoke(api, ID, {}, no)).rejects.toMatchObject({ exitCode: 1 });
  expect(no).toHaveBeenCalledExactlyOnceWith(`"Acme\\u{a}partner" (${ID}, active): revoke it, for good?`);
  expect(calls).toEqual([`GET /admin/keys/${ID}`]);
});

test("revoking goes on after a yes", async () => {
  const { api, calls } = fakeApi();
  await revoke(api, ID, {}, () => Promise.resolve(true));
  expect(calls).toEqual([`GET /admin/keys/${ID}`, `DELETE /admin/keys/${ID}`]);
});

test("--yes asks nobody", async () => {
  const { api, calls } = fakeApi();
  await revoke(api, ID, { yes: true }, null);
  await rotate(api, ID, { overlap: 0, yes: true }, null);
  expect(calls).toEqual([`DELETE /admin/keys/${ID}`, `POST /admin/keys/${ID}/rotate {"overlap_seconds":0}`]);
});

test("where nobody can be asked, nothing is sent, and it is wrong usage", async () => {
  const { api, calls } = fakeApi();
  await expect(revoke(api, ID, {}, null)).rejects.toMatchObject({ exitCode: 2 });
  await expect(rotate(api, ID, { overlap: 0 }, null)).rejects.toMatchObject({ exitCode: 2 });
  expect(calls).toEqual([]);
});

test("rotating asks only where the old key ends at once", async () => {
  const { api, calls } = fakeApi();
  const no = vi.fn(() => Promise.resolve(false));
  await rotate(api, ID, { overlap: 60 }, no);
  expect(no).not.toHaveBeenCalled();
  await expect(rotate(api, ID, { overlap: 0 }, no)).rejects.toThrow("nothing was done");
  expect(calls).toEqual([`POST /admin/keys/${ID}/rotate {"overlap_seconds":60}`, `GET /admin/keys/${ID}`]);
});
