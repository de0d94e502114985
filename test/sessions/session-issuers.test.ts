/** Whose session tokens are accepted, by their issuer. */
import { expect, test } from "vitest";
import { useClock } from "../support/clock.ts";
import { createIsolate } from "../support/deployment.ts";
import { organizationPath } from "../support/paths.ts";
import { useSessions } from "../support/sessions.ts";
import { TEST_VARS } from "../support/vars.ts";

useClock();
const setUp = useSessions();

const pathOf = () => organizationPath(setUp.world.organization);

test("the issuer may be the base URL, or one of STYTCH_JWT_ISSUERS", async () => {
  await setUp.allow();
  const isolate = createIsolate({
    STYTCH_JWT_ISSUERS: "https://login.acme.example, https://old.acme.example",
  });
  for (const iss of [TEST_VARS.STYTCH_BASE_URL, "https://login.acme.example", "https://old.acme.example"]) {
    expect((await isolate.call(pathOf(), { key: await setUp.token({ iss }) })).status).toBe(200);
  }
  const token = await setUp.token({ iss: "https://login.acme.example" });
  expect(await (await setUp.read(pathOf(), token)).json()).toMatchObject({ error_type: "invalid_session" });
});
