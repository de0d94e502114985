/** Signing in to the console, signing out, and who is signed in: mounted at `/console` if `ADMIN_TOKEN` is set. */
import { Hono } from "hono";
import * as z from "zod";
import { authenticateOperator, type OperatorCredentials } from "../admin/operator.ts";
import { readBody } from "../admin/request.ts";
import type { AppEnv } from "../app-env.ts";
import { type Failure, RequestError } from "../errors.ts";
import { logRoute } from "../log-route.ts";
import { isOneOf } from "../platform/bearer-token.ts";
import { CLEARED_COOKIE } from "./console-cookie.ts";
import { checkSameOrigin } from "./fetch-site.ts";
import type { SignIn } from "./sign-in-answer.ts";

export const SignInBody = z.strictObject({ token: z.string("must be a string") });

/** Each answers 204, or 200 with who is signed in. */
export const consoleApp = (credentials: OperatorCredentials) =>
  new Hono<AppEnv>()
    .use(logRoute)
    .post("/session", async (c) => {
      refuse(checkSameOrigin(c.env.request));
      const { token } = await readBody(c.env.request, SignInBody);
      if (!(await isOneOf([credentials.adminToken], token)))
        throw new RequestError({ type: "invalid_admin_token", presented: true });
      return withCookie(await credentials.cookies.create(Date.now()));
    })
    .delete("/session", (c) => {
      refuse(checkSameOrigin(c.env.request));
      return withCookie(CLEARED_COOKIE);
    })
    .get("/session", async (c) => {
      const operator = await authenticateOperator(c.env, credentials);
      if (operator.ok) return showOperator(operator.value.actor, operator.value.expiresAt);
      const { failure } = operator;
      // To be signed out is no failure: the page asks when it opens.
      if (failure.type === "invalid_admin_token" && !failure.presented) return showOperator(null, null);
      throw new RequestError(failure);
    });

function refuse(failure: Failure | null): void {
  if (failure !== null) throw new RequestError(failure);
}

const withCookie = (cookie: string) => new Response(null, { status: 204, headers: { "Set-Cookie": cookie } });

/** `expiresAt`: the end of the cookie, ms since the epoch; null if none was used. */
function showOperator(actor: string | null, expiresAt: number | null): Response {
  const expires_at = expiresAt === null ? null : new Date(expiresAt).toISOString();
  return Response.json({ actor, expires_at } satisfies SignIn);
}
