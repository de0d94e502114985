/** Keys' objects whose answers are looked at, held back or changed on their way. */
import { env } from "cloudflare:workers";
import type { ApiKey } from "../../src/keys/api-key.ts";
import type { LeaseQuestion } from "./record.ts";

export type LeaseAnswer = Awaited<ReturnType<ApiKey["lease"]>>;

/** For `createIsolate`. `onQuestion`: answers each question, by asking the object itself or not. */
export const keyObjects = (
  onQuestion: (ask: () => Promise<LeaseAnswer>, question: LeaseQuestion) => Promise<unknown>,
) => ({
  API_KEY: {
    getByName: (name: string) => ({
      lease: async (...question: LeaseQuestion) =>
        await onQuestion(
          async () => (await env.API_KEY.getByName(name).lease(...question)) as LeaseAnswer,
          question,
        ),
    }),
  },
});

/** That fail while `fails` says so. */
export const failingIf = (fails: () => boolean) =>
  keyObjects(async (ask) => {
    if (fails()) throw new Error("unreachable");
    return await ask();
  });
