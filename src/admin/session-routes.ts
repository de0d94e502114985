/** The admin API of members' sessions: the policy, its usage, and revocations. */
import * as z from "zod";
import type { Directory, PolicyChange } from "../directory/directory.ts";
import { getDirectory } from "../directory/directory-client.ts";
import { RequestError } from "../errors.ts";
import { containsKey } from "../keys/key-mix-up.ts";
import { toPublicHours } from "../keys/usage.ts";
import type { RevocationKind } from "../sessions/revocations.ts";
import { revokeSessions } from "../sessions/revoke-sessions.ts";
import type { PublicSessionPolicy, Revoked, SessionUsage } from "../sessions/session-answers.ts";
import { SessionPolicy } from "../sessions/session-policy.ts";
import { IDENTIFIER_RULE, isIdentifier } from "../stytch/identifier.ts";
import { type AdminContext, projectId } from "./admin-context.ts";
import { callIdempotent, callOnce } from "./object-calls.ts";
import { invalidRequest, readBody, readQuery } from "./request.ts";
import { UsageQuery } from "./usage-query.ts";

/** Answers 200 with the policy. The call is made once: a repeated one could undo what another operator did in between. */
export async function setSessionPolicy(c: AdminContext): Promise<Response> {
  const policy = await readBody(c.env.request, SessionPolicy);
  const change = await callOnce(
    c.env.log,
    "directory_change",
    async () => await getDirectory(c.env.env).setSessionPolicy(projectId(c), policy, c.var.actor),
  );
  applyChange(c, change);
  return Response.json(policy satisfies PublicSessionPolicy);
}

/** Answers 200 with the policy. */
export async function showSessionPolicy(c: AdminContext): Promise<Response> {
  const policy = await readDirectory(c, async (directory) => await directory.sessionPolicy(projectId(c)));
  if (policy === null) throw new RequestError({ type: "session_policy_not_found" });
  return Response.json(policy satisfies PublicSessionPolicy);
}

/** Answers 200 with the policy that there was; 404 if there was none, so the call is made once. */
export async function deleteSessionPolicy(c: AdminContext): Promise<Response> {
  const change = await callOnce(
    c.env.log,
    "directory_change",
    async () => await getDirectory(c.env.env).setSessionPolicy(projectId(c), null, c.var.actor),
  );
  applyChange(c, change);
  if (change.before === null) throw new RequestError({ type: "session_policy_not_found" });
  return Response.json(change.before satisfies PublicSessionPolicy);
}

/** Answers 200 with the counts of the hours that had traffic, the oldest first; also after the policy's end. */
export async function showSessionUsage(c: AdminContext): Promise<Response> {
  const { hours } = readQuery(c.env.request, UsageQuery);
  const counts = await readDirectory(
    c,
    async (directory) => await directory.sessionUsage(projectId(c), hours),
  );
  if (counts === null) throw new RequestError({ type: "session_policy_not_found" });
  return Response.json({ hours: toPublicHours(counts) } satisfies SessionUsage);
}

/** An ID that the audit log will show. Spaces and invisible characters come from copying: no ID of Stytch has any. */
const id = z
  .string("must be a string")
  .refine((text) => !/^eyJ[\w-]*\./.test(text), "must be an ID, not a session JWT")
  .refine(isIdentifier, IDENTIFIER_RULE)
  .refine((text) => !containsKey(text), "must be an ID, not a key")
  .refine((text) => !/[\s\p{Cf}]/u.test(text), "must be an ID as Stytch writes it, without spaces")
  .optional();

const NAMES = ["member_session_id", "member_id", "organization_id"] as const;

export const RevocationBody = z
  .strictObject({ member_session_id: id, member_id: id, organization_id: id })
  .transform((body, context) => {
    const [name, ...others] = NAMES.filter((one) => body[one] !== undefined);
    if (name === undefined || others.length > 0) {
      const problem =
        name === undefined
          ? `one of ${NAMES.join(", ")} must be given`
          : `must be the only one of ${NAMES.join(", ")}`;
      context.addIssue({ code: "custom", path: [others[0] ?? NAMES[0]], message: problem });
      return z.NEVER;
    }
    return { name, id: body[name] ?? "" };
  });

const KIND_OF = {
  member_session_id: "session",
  member_id: "member",
  organization_id: "organization",
} as const satisfies Record<(typeof NAMES)[number], RevocationKind>;

/** Answers 200 when the revocation is in force everywhere within `LEASE_SECONDS`, whether there are such sessions or not. */
export async function revokeMemberSessions(c: AdminContext): Promise<Response> {
  const { config, request } = c.env;
  const { name, id: revoked } = await readBody(request, RevocationBody);
  const problem = checkRevokedId(KIND_OF[name], revoked, config.environment);
  if (problem !== null) throw new RequestError(invalidRequest(`${name}: ${problem}`));
  const order = { kind: KIND_OF[name], id: revoked, revokedAt: null };
  const failure = await revokeSessions(c.env, order, {
    actor: c.var.actor,
    detail: { [name]: revoked, by: "admin" },
  });
  if (failure !== null) throw new RequestError(failure);
  return Response.json({ revoked } satisfies Revoked);
}

/**
 * A slug, or an ID of another kind or environment, is in no token: a revocation of it would silently end nothing. Stytch
 * does not say how the IDs of sessions begin; those that name an environment must name this one.
 */
function checkRevokedId(kind: RevocationKind, revoked: string, environment: "test" | "live"): string | null {
  const [, actual, actualEnvironment] = /^([a-z-]+)-(test|live)-./.exec(revoked.toLowerCase()) ?? [];
  if (kind === "session") {
    if (actual === "member" || actual === "organization")
      return `must be the ID of a session, not of ${actual === "member" ? "a member" : "an organization"}`;
    return actualEnvironment === undefined || actualEnvironment === environment
      ? null
      : `must be an ID of the ${environment} environment, as this deployment is`;
  }
  if (actual === kind && actualEnvironment === environment) return null;
  return `must be a whole ID of the ${environment} environment, as this deployment is: ${kind}-${environment}-<uuid>`;
}

/** A change is in force in this isolate at once. */
function applyChange(c: AdminContext, { version }: PolicyChange): void {
  c.env.state.sessions.applyPolicy(version);
}

async function readDirectory<T>(
  c: AdminContext,
  read: (directory: DurableObjectStub<Directory>) => Promise<T>,
): Promise<T> {
  return await callIdempotent(c.env.log, "directory", () => getDirectory(c.env.env), read);
}
