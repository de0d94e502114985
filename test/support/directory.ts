import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { getDirectory } from "../../src/directory/directory-client.ts";

/**
 * Deletes all keys, audit events, what concerns sessions, and what full lists have dropped from the Directory, so that it
 * has only what this test does.
 */
export async function emptyDirectory(): Promise<void> {
  await runInDurableObject(getDirectory(env), (_, { storage: { sql, kv } }) => {
    sql.exec("DELETE FROM keys; DELETE FROM events; DELETE FROM revocations;");
    for (const [name] of [...kv.list({ prefix: "session-" })]) kv.delete(name);
    for (const name of ["purge-floor", "revoked-before"]) kv.delete(name);
  });
}
