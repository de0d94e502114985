/**
 * Postern in an isolate of a given size, and a Directory of a given size, for `npm run growth` (`growth/messages.ts`).
 * Time passes only as the caller says. Postern itself handles every other request.
 */
import postern, { Organization, PublicKeys } from "../../src/index.ts";
import type { Filling, HitOrder, OperationOrder, World } from "../growth/messages.ts";
import { clock, createGrowingIsolate, type GrowingIsolate } from "./growing-isolate.ts";
import { applyPurges, GrowingApiKey, GrowingDirectory, KEY_ID } from "./growing-objects.ts";

export { GrowingApiKey as ApiKey, GrowingDirectory as Directory, Organization, PublicKeys };

interface GrowingEnv extends Omit<Env, "DIRECTORY" | "API_KEY"> {
  readonly DIRECTORY: DurableObjectNamespace<GrowingDirectory>;
  readonly API_KEY: DurableObjectNamespace<GrowingApiKey>;
  readonly STYTCH_PROJECT_ID: string;
}

let isolate: GrowingIsolate | undefined;

export default {
  async fetch(request: Request, env: GrowingEnv, context: ExecutionContext): Promise<Response> {
    Date.now = () => Math.floor(clock.ms);
    switch (new URL(request.url).pathname) {
      case "/_prepare":
        isolate = await createGrowingIsolate(env as unknown as Env, await request.json<World>());
        return Response.json(null);
      case "/_hits":
        return Response.json(await isolate?.hit(await request.json<HitOrder>()));
      case "/_fill":
        await env.API_KEY.getByName(KEY_ID).fill(env.STYTCH_PROJECT_ID);
        await env.DIRECTORY.getByName("directory").fill(env.STYTCH_PROJECT_ID, await request.json<Filling>());
        return Response.json(null);
      case "/_operate":
        return Response.json(await operate(await request.json<OperationOrder>(), env));
      default:
        return await postern.fetch(request, env as unknown as Env, context);
    }
  },
};

async function operate(order: OperationOrder, env: GrowingEnv) {
  const directory = env.DIRECTORY.getByName("directory");
  const { STYTCH_PROJECT_ID: projectId } = env;
  if (order.operation === "apply") return await applyPurges(directory, projectId, order.times);
  const isOfKey = order.operation === "record" || order.operation === "usage";
  return await (isOfKey ? env.API_KEY.getByName(KEY_ID) : directory).operate(projectId, order);
}
