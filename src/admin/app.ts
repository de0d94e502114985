/** The admin API, mounted at `/admin` if `ADMIN_TOKEN` is set. Its handlers throw a `RequestError`; `onError` answers. */
import { Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { logRoute } from "../log-route.ts";
import { listAuditEvents } from "./audit-routes.ts";
import {
  createKey,
  editKey,
  listKeys,
  requireKeyId,
  revokeKey,
  rotateKey,
  showKey,
  showUsage,
} from "./key-routes.ts";
import type { OperatorCredentials } from "./operator.ts";
import { showOverview } from "./overview-routes.ts";
import { purgeCache } from "./purge-routes.ts";
import { showWholeRecord, takeInRecord } from "./record-routes.ts";
import { requireOperator } from "./require-operator.ts";
import {
  deleteSessionPolicy,
  revokeMemberSessions,
  setSessionPolicy,
  showSessionPolicy,
  showSessionUsage,
} from "./session-routes.ts";

export const adminApp = (credentials: OperatorCredentials) =>
  new Hono<AppEnv>()
    .use(logRoute)
    .use(requireOperator(credentials))
    .get("/keys", listKeys)
    .post("/keys", createKey)
    .get("/keys/:key_id", requireKeyId, showKey)
    .patch("/keys/:key_id", requireKeyId, editKey)
    .delete("/keys/:key_id", requireKeyId, revokeKey)
    .post("/keys/:key_id/rotate", requireKeyId, rotateKey)
    .get("/keys/:key_id/usage", requireKeyId, showUsage)
    .get("/keys/:key_id/record", requireKeyId, showWholeRecord)
    .put("/keys/:key_id/record", requireKeyId, takeInRecord)
    .post("/cache/purge", purgeCache)
    .put("/session-policy", setSessionPolicy)
    .get("/session-policy", showSessionPolicy)
    .delete("/session-policy", deleteSessionPolicy)
    .get("/session-policy/usage", showSessionUsage)
    .post("/sessions/revoke", revokeMemberSessions)
    .get("/audit", listAuditEvents)
    .get("/overview", showOverview);
