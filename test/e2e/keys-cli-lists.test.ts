/** `npm run keys -- list` against a fake admin API: its pages, filters and unused keys. */
import { expect, test } from "vitest";
import { RECORD, useFakeAdminServer } from "./fake-admin-server.ts";
import { expectError, runKeys, TOKEN } from "./keys-process.ts";

const server = useFakeAdminServer();

const run = (...args: string[]) => runKeys(args, { POSTERN_URL: server.origin, POSTERN_ADMIN_TOKEN: TOKEN });

test("--all merges every page into one document", async () => {
  server.respond = (line) => {
    const page = Number(/cursor=(\d)/.exec(line)?.[1] ?? 0);
    return {
      body: { keys: [{ ...RECORD, name: `page ${page}` }], next_cursor: page < 2 ? `${page + 1}` : null },
    };
  };
  const all = JSON.parse((await run("list", "--all", "--json")).out);
  expect(all.keys.map(({ name }: { name: string }) => name)).toEqual(["page 0", "page 1", "page 2"]);
  expect(all.next_cursor).toBe(null);
  const first = await run("list", "--limit", "1");
  expect(first.err).toContain("--all");
  expect(first.out.split("\n")).toHaveLength(3);
});

test("list sends the search text and the status with every page", async () => {
  server.respond = (line) => ({ body: { keys: [], next_cursor: line.includes("cursor") ? null : "2" } });
  const listed = await run("list", "--all", "--q", "Acme & co", "--status", "revoked");
  expect(listed.out).toBe("No key matches.\n");
  expect(server.requests).toEqual(
    ["", "&cursor=2"].map((cursor) => `GET /admin/keys?limit=200&q=Acme+%26+co&status=revoked${cursor}`),
  );
});

test("list --unused-days shows the old active keys without any call, of all pages", async () => {
  const idOf = (n: number) => `000000000000000${n}`;
  const created = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();
  const keyOf = (n: number, days: number) => ({ ...RECORD, key_id: idOf(n), created_at: created(days) });
  const pages = [
    [keyOf(1, 40), keyOf(2, 40)],
    [keyOf(3, 9), keyOf(4, 11)],
  ];
  server.respond = (line) => {
    if (line.includes("/usage")) {
      const hours = [{ hour: "2026-11-21T20:00:00Z", requests: 0, rate_limited: 1 }];
      return { body: { hours: line.includes(idOf(1)) ? hours : [] } };
    }
    const isFirst = !line.includes("cursor");
    return { body: { keys: pages[isFirst ? 0 : 1], next_cursor: isFirst ? "2" : null } };
  };
  const found = JSON.parse((await run("list", "--unused-days", "10", "--json")).out);
  expect(found.keys.map(({ key_id }: { key_id: string }) => key_id)).toEqual([idOf(2), idOf(4)]);
  expect(server.requests.slice(0, 2)).toEqual([
    "GET /admin/keys?limit=200&status=active",
    "GET /admin/keys?limit=200&status=active&cursor=2",
  ]);
  expect(server.requests.slice(2).toSorted()).toEqual(
    [1, 2, 4].map((n) => `GET /admin/keys/${idOf(n)}/usage?hours=240`),
  );
});

test("--all stops if the cursor repeats", async () => {
  server.respond = () => ({ body: { keys: [], next_cursor: "again" } });
  expectError(await run("list", "--all"), 1, /no end/);
});
