/** The commands for members' sessions: their policy, its usage, and revocations. */
import { type AdminApi, parseResponse, RevocationResult, SessionPolicy, Usage } from "../client.ts";
import { sessionPolicyText, sessionsRevokedText } from "../format.ts";
import { type SessionPolicyOptions, sessionPolicyBody } from "../policy-body.ts";
import { usageText } from "../usage-format.ts";
import { sessionPolicyWarnings } from "../warnings.ts";
import { type Confirm, requireTerminal, requireYes } from "./change.ts";
import type { CommandResult } from "./read.ts";

export const POLICY_PATH = "/admin/session-policy";

const policyResult = (document: unknown): CommandResult => ({
  document,
  text: () => sessionPolicyText(parseResponse(SessionPolicy, document)),
});

export async function setSessionPolicy(api: AdminApi, options: SessionPolicyOptions): Promise<CommandResult> {
  const ifUncertain = " It is safe to set the policy again.";
  const document = await api.call("PUT", POLICY_PATH, sessionPolicyBody(options), ifUncertain);
  const policy = SessionPolicy.safeParse(document).data;
  return {
    ...policyResult(document),
    note: "In force everywhere within LEASE_SECONDS (default: 5).",
    warnings: policy === undefined ? [] : sessionPolicyWarnings(policy),
  };
}

export async function showSessionPolicy(api: AdminApi): Promise<CommandResult> {
  return policyResult(await api.call("GET", POLICY_PATH));
}

/** Shows the policy that there was. */
export async function removeSessionPolicy(
  api: AdminApi,
  { yes }: { readonly yes?: boolean },
  confirm: Confirm,
): Promise<CommandResult> {
  if (!yes) {
    const ask = requireTerminal(confirm, "Without a policy every member's session is refused");
    await requireYes(ask, "Remove the session policy, so that every member's session is refused?");
  }
  const ifUncertain = " Check with sessions policy show.";
  return {
    ...policyResult(await api.call("DELETE", POLICY_PATH, undefined, ifUncertain)),
    note: "This was the policy. Members' sessions are refused everywhere within LEASE_SECONDS (default: 5).",
  };
}

export async function sessionUsage(api: AdminApi, hours: number): Promise<CommandResult> {
  const document = await api.call("GET", `${POLICY_PATH}/usage?hours=${hours}`);
  return { document, text: () => usageText(parseResponse(Usage, document), hours) };
}

export async function revokeSessions(api: AdminApi, body: object): Promise<CommandResult> {
  const ifUncertain = " It is safe to repeat a revocation.";
  const document = await api.call("POST", "/admin/sessions/revoke", body, ifUncertain);
  return {
    document,
    text: () => sessionsRevokedText(parseResponse(RevocationResult, document)),
    note: "Tokens that Stytch issues from now on are accepted: to end a session for good, revoke it or deactivate the member at Stytch, too.",
  };
}
