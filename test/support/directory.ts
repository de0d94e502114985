import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { getDirectory } from "../../src/directory/directory-client.ts";

/** Deletes all keys and audit events from the Directory, so that it lists only what this test does. */
export async function emptyDirectory(): Promise<void> {
  await runInDurableObject(getDirectory(env), (_, state) => {
    state.storage.sql.exec("DELETE FROM keys; DELETE FROM events;");
  });
}
