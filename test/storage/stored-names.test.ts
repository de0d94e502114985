/** The names of docs/storage.md are those that the code stores values by, and none is missing there. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import architecture from "../../docs/architecture.md?raw";
import page from "../../docs/storage.md?raw";
import { getDirectory } from "../../src/directory/directory-client.ts";
import { hourOf } from "../../src/keys/usage.ts";
import { useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { createLink } from "../support/handover.ts";
import { scrape } from "../support/scrape.ts";
import { hourCount } from "../support/usage.ts";
import { TEST_VARS } from "../support/vars.ts";
import { emptySharedObjects, readState, writeState } from "./state.ts";

useClock();

const PROJECT = TEST_VARS.STYTCH_PROJECT_ID;
const PLACES = ["ApiKey", "Organization", "Directory", "PublicKeys"] as const;
type Names = Record<(typeof PLACES)[number], string[]>;

/** As the page writes it: an hour and the project are names of their own. */
const generalize = (name: string) => name.replace(PROJECT, "<project>").replace(/:\d{8}$/, ":<hour>");
const namesOf = (kv: readonly (readonly [string, unknown])[]) => kv.map(([name]) => generalize(name));
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

/** By class, the names in the second column of the table. */
function documentedNames(): Names {
  const found: Names = { ApiKey: [], Organization: [], Directory: [], PublicKeys: [] };
  const cells = page.split("\n").map((line) => line.split("|")[2] ?? "");
  for (const place of PLACES) {
    const lists = cells.flatMap((cell) => [
      ...cell.matchAll(new RegExp(`${place}: ((?:\`[^\`]+\`,? ?)+)`, "g")),
    ]);
    found[place] = sorted(lists.flatMap(([, list = ""]) => list.match(/[^`, ]+/g) ?? []));
  }
  return found;
}

/** By class, what is stored once each format has a value. */
async function storedNames(): Promise<Names> {
  await emptySharedObjects();
  const names = await writeState();
  const isolate = createIsolate();
  const { keyId } = await createLink(isolate);
  const counts = [hourCount(hourOf(Date.now()), { requests: 1 })];
  await getDirectory(env).updatesSince(0, PROJECT, { id: "report", counts, mustStore: true });
  await scrape(isolate);
  const { key, organization, alias, directory, publicKeys } = (await readState(names)).objects;
  const linked = await runInDurableObject(env.API_KEY.getByName(keyId), (_, { storage }) => [
    ...storage.kv.list(),
  ]);
  const tables = Object.entries(directory.tables).filter(([, { rows }]) => rows.length > 0);
  return {
    ApiKey: sorted(namesOf([...key.kv, ...linked])),
    Organization: sorted(namesOf([...organization.kv, ...alias.kv])),
    Directory: sorted(namesOf([...directory.kv, ...tables])),
    PublicKeys: sorted(namesOf(publicKeys.kv)),
  };
}

test("docs/storage.md has every name that a value is stored by, and no other", async () => {
  expect(documentedNames()).toEqual(await storedNames());
});

test("docs/architecture.md shows a value of every stored name", () => {
  const names = Object.values(documentedNames()).flat();
  const shows = (name: string) =>
    name.includes("<")
      ? architecture.includes(`\`${name.replace(/<.*/, "")}`)
      : architecture.includes(`\`${name}\``);
  expect(names.filter((name) => !shows(name))).toEqual([]);
});
