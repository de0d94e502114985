/** The admin API of members' sessions. */
import { demo } from "../../sandbox/seed.ts";
import { ADMIN } from "../error-sets.ts";
import * as examples from "../examples.ts";
import type { Operation } from "../operation.ts";
import { queryParametersOf } from "../parameters.ts";
import { adminOperation, jsonAnswer } from "./admin-operation.ts";

const policyAnswer = (description: string) => ({
  200: jsonAnswer(description, "SessionPolicy", examples.sessionPolicy),
});

const path = "/admin/session-policy";
const tag = "Sessions";

export const SESSION_OPERATIONS: readonly Operation[] = [
  adminOperation({
    id: "set_session_policy",
    method: "put",
    path,
    tag,
    summary: "Set the session policy",
    description: "What members' sessions may read. Without a policy, none is accepted.",
    parameters: [],
    body: { schema: "SessionPolicyBody", example: examples.sessionPolicyBody, required: true },
    answers: policyAnswer("The policy."),
    errors: [...ADMIN, "invalid_request", "directory_unavailable"],
  }),
  adminOperation({
    id: "show_session_policy",
    method: "get",
    path,
    tag,
    summary: "Show the session policy",
    description: "As it was set, with its defaults.",
    parameters: [],
    answers: policyAnswer("The policy."),
    errors: [...ADMIN, "session_policy_not_found", "directory_unavailable"],
  }),
  adminOperation({
    id: "delete_session_policy",
    method: "delete",
    path,
    tag,
    summary: "Remove the session policy",
    description: "Sessions are refused again.",
    parameters: [],
    answers: policyAnswer("The policy that there was."),
    errors: [...ADMIN, "session_policy_not_found", "directory_unavailable"],
  }),
  adminOperation({
    id: "show_session_usage",
    method: "get",
    path: `${path}/usage`,
    tag,
    summary: "Count the calls of sessions by the hour",
    description: "Of all sessions together; also after the end of the policy.",
    parameters: queryParametersOf("usage"),
    answers: { 200: jsonAnswer("The hours with traffic.", "SessionUsage", examples.sessionUsage) },
    errors: [...ADMIN, "invalid_request", "session_policy_not_found", "directory_unavailable"],
  }),
  adminOperation({
    id: "revoke_sessions",
    method: "post",
    path: "/admin/sessions/revoke",
    tag,
    summary: "Revoke session tokens",
    description: "Refuses the tokens issued until now of one session, member or organization.",
    parameters: [],
    body: { schema: "RevocationBody", example: examples.revocationBody, required: true },
    answers: {
      200: jsonAnswer("In force everywhere within `LEASE_SECONDS`.", "Revoked", { revoked: demo.member_id }),
    },
    errors: [...ADMIN, "invalid_request", "directory_unavailable"],
  }),
];
