/**
 * `POST /_sandbox/sessions`: a session JWT of a member, as if the member had signed in at Stytch; or, by its `kind`, a
 * token that must not be taken for one.
 */

import { Hono } from "hono";
import * as z from "zod";
import type { SandboxEnv } from "./credentials.ts";
import { TOKEN_KINDS } from "./session-jwt.ts";
import type { Json } from "./shapes.ts";
import type { SandboxState } from "./state.ts";

const sessionSchema = z.strictObject({
  member_id: z.string(),
  kind: z.enum(TOKEN_KINDS).default("session"),
  /** How long ago the token was issued. From 300 s on it has expired; below 0, its time is yet to come. */
  age_seconds: z.int().min(-3_600).max(86_400).default(0),
  /** Claims that are added to those of Stytch, or replace them. */
  claims: z.record(z.string(), z.json()).default({}),
});

export function createSessionControls({ store, signer }: Pick<SandboxState, "store" | "signer">) {
  const controls = new Hono<SandboxEnv>();
  controls.post("/sessions", async (c) => {
    const parsed = sessionSchema.safeParse(await c.req.json<unknown>().catch(() => undefined));
    if (!parsed.success) return c.json({ message: z.prettifyError(parsed.error) }, 400);
    const { member_id: memberId, kind, age_seconds: ageSeconds, claims } = parsed.data;
    const member = store.findMember(memberId);
    const organization = member && store.findOrganization(member.organization_id);
    if (member === undefined || organization === undefined) {
      return c.json({ message: "This member does not exist in the sandbox." }, 404);
    }
    const options = { kind, ageSeconds, claims: claims as Record<string, Json> };
    const token = await signer.sign(c.env.STYTCH_PROJECT_ID, member, organization, options);
    return c.json({ session_jwt: token }, 201);
  });
  return controls;
}
