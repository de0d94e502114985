/** What tests of the cache look at: answers, and what stands in KV. */
import { env } from "cloudflare:workers";
import type { Json } from "./bodies.ts";
import { TEST_VARS } from "./vars.ts";

export const statusOf = (answer: Response) => answer.headers.get("Cache-Status");

/** The name of the organization in an answer. */
export const nameIn = async (answer: Response) =>
  (await answer.json<{ organization: Json }>()).organization["organization_name"];

/** Where an organization, or what a slug or external ID stands for, is kept. */
export const kvKey = (name: unknown) => `organization:${TEST_VARS.STYTCH_PROJECT_ID}:${name}`;

/** KV as another location may see it for a minute: these names as they are now, and no others. */
export async function laggingKv(...names: unknown[]) {
  const seen = new Map<string, { value: ArrayBuffer | null; metadata: unknown }>();
  for (const name of names) {
    const { value, metadata } = await env.ORGANIZATIONS.getWithMetadata(kvKey(name), "arrayBuffer");
    seen.set(kvKey(name), { value, metadata });
  }
  return {
    getWithMetadata: async (key: string) => {
      const one = seen.get(key);
      return { value: one?.value?.slice(0) ?? null, metadata: one?.metadata ?? null };
    },
  };
}
