/** What tests of the cache look at: responses, and what is stored in KV. */
import type { Json } from "./bodies.ts";
import { TEST_VARS } from "./vars.ts";

export const statusOf = (answer: Response) => answer.headers.get("Cache-Status");

/** The name of the organization in an answer. */
export const nameIn = async (answer: Response) =>
  (await answer.json<{ organization: Json }>()).organization["organization_name"];

/** Where an organization, or what a slug or external ID stands for, is kept. */
export const kvKey = (name: unknown) => `organization:${TEST_VARS.STYTCH_PROJECT_ID}:${name}`;
