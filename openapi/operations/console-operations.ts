/** The sign-in of the console. */
import { UNCONFIGURED } from "../error-sets.ts";
import * as examples from "../examples.ts";
import type { Operation } from "../operation.ts";
import { OPERATOR_SECURITY } from "../security.ts";
import { jsonAnswer } from "./admin-operation.ts";

const shared = {
  path: "/console/session",
  tag: "Watching",
  parameters: [],
  isForCallers: false,
  isKeyed: false,
} as const;

export const CONSOLE_OPERATIONS: readonly Operation[] = [
  {
    ...shared,
    id: "sign_in",
    method: "post",
    summary: "Sign in to the console",
    description:
      "From a page of the deployment itself. The cookie stands for the token at `/admin` for 12 hours.",
    security: [],
    body: { schema: "SignInBody", example: examples.signInBody, required: true },
    answers: { 204: { description: "Signed in.", headers: ["Set-Cookie"] } },
    errors: [
      ...UNCONFIGURED,
      "invalid_admin_token",
      "too_many_requests",
      "cross_site_request",
      "invalid_request",
    ],
  },
  {
    ...shared,
    id: "sign_out",
    method: "delete",
    summary: "Sign out of the console",
    description: "From a page of the deployment itself.",
    security: [],
    answers: { 204: { description: "The browser forgets the cookie.", headers: ["Set-Cookie"] } },
    errors: [...UNCONFIGURED, "cross_site_request"],
  },
  {
    ...shared,
    id: "show_sign_in",
    method: "get",
    summary: "Tell who is signed in",
    description: "To be signed out is no failure.",
    security: OPERATOR_SECURITY,
    answers: { 200: jsonAnswer("Who is signed in.", "SignIn", examples.signIn) },
    errors: [
      ...UNCONFIGURED,
      "invalid_admin_token",
      "too_many_requests",
      "cross_site_request",
      "identity_unavailable",
    ],
  },
];
