/** The usage report of a key whose traffic has moved, while the key's object is overloaded. */
import { env } from "cloudflare:workers";
import { expect, test, vi } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate, createKey } from "../support/deployment.ts";
import { objectsThat } from "../support/fakes.ts";
import { setUpOrganization } from "../support/setup.ts";
import { publicHour } from "../support/usage.ts";

const { at, iso } = useClock();

const overloaded = Object.assign(new Error("too much"), { overloaded: true });

test("other traffic reports a key's calls after the pause of its object, and not before", async () => {
  // Pauses have their full length.
  vi.spyOn(Math, "random").mockReturnValue(0);
  const { isolate: operator, key, keyId, path } = await setUpOrganization();
  const other = await createKey(operator);
  let isDown = false;
  let objectCalls = 0;
  const edge = createIsolate({
    API_KEY: {
      getByName: (name: string) => {
        if (name === keyId) objectCalls += 1;
        return name === keyId && isDown
          ? objectsThat.fail(overloaded).getByName()
          : env.API_KEY.getByName(name);
      },
    },
  });
  await edge.call("/whoami", { key });
  isDown = true;
  // Each call but the first ends a pause, and begins a longer one.
  for (const seconds of [5, 5.5, 7.5, 11.5]) {
    at(seconds);
    await edge.call("/whoami", { key });
  }
  at(13);
  for (let call = 1; call <= 3; call += 1) expect((await edge.call(path, { key })).status).toBe(200);
  // The report is not due yet. The pause that this begins lasts until 21.5 s.
  at(16.5);
  await edge.call("/whoami", { key });
  expect(objectCalls).toBe(6);
  isDown = false;
  at(21);
  await edge.call(path, { key: other.key });
  expect(objectCalls).toBe(6);
  at(29);
  await edge.call(path, { key: other.key });
  expect(objectCalls).toBe(7);
  const usage = await operator.admin("GET", `/admin/keys/${keyId}/usage`);
  const hours = [publicHour(iso(0).replace(".000", ""), { requests: 3, hits: 2, misses: 1 })];
  expect(await usage.json()).toEqual({ key_id: keyId, hours });
});
