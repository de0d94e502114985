/** The cache, the audit log, the overview, metrics and webhooks. */
import { demo } from "../../sandbox/seed.ts";
import { ADMIN, ADMIN_LIST, UNCONFIGURED } from "../error-sets.ts";
import * as examples from "../examples.ts";
import type { Operation } from "../operation.ts";
import { queryParametersOf } from "../parameters.ts";
import { adminOperation, jsonAnswer } from "./admin-operation.ts";

export const OPERATOR_OPERATIONS: readonly Operation[] = [
  adminOperation({
    id: "purge_cache",
    method: "post",
    path: "/admin/cache/purge",
    tag: "Cache",
    summary: "Purge an organization, or the project's RBAC policy",
    description:
      "A purge of an organization, by any of its names, ends what belongs to it, too. It may be repeated.",
    parameters: [],
    body: { schema: "PurgeBody", example: examples.purgeBody, required: true },
    answers: {
      200: jsonAnswer("In force everywhere within `LEASE_SECONDS`.", "Purged", {
        purged: demo.organization_id,
      }),
    },
    errors: [...ADMIN, "invalid_request", "purge_unavailable"],
  }),
  adminOperation({
    id: "list_events",
    method: "get",
    path: "/admin/audit",
    tag: "Watching",
    summary: "List what operators and webhooks did",
    description: "A page of the events of keys, sessions and purges, newest first.",
    parameters: queryParametersOf("page"),
    answers: { 200: jsonAnswer("A page.", "AuditPage", examples.auditPage) },
    errors: ADMIN_LIST,
  }),
  adminOperation({
    id: "show_overview",
    method: "get",
    path: "/admin/overview",
    tag: "Watching",
    summary: "Show the figures of the whole deployment",
    description:
      "Health, requests by outcome and hour, the hit ratio, Stytch's latency, the busiest keys, the cost.",
    parameters: queryParametersOf("usage"),
    answers: { 200: jsonAnswer("The figures.", "Overview", examples.overview) },
    errors: ADMIN_LIST,
  }),
  {
    id: "metrics",
    method: "get",
    path: "/metrics",
    tag: "Watching",
    summary: "Read the metrics of the whole deployment",
    description: "For Prometheus: its text format, or OpenMetrics if `Accept` prefers that.",
    security: ["metricsToken"],
    parameters: [],
    answers: {
      200: {
        description: "The metrics: see `docs/metrics.md` in the repository.",
        headers: ["Vary-Accept"],
        content: {
          "text/plain": { schema: { type: "string" }, example: examples.metricsText },
          "application/openmetrics-text": {
            schema: { type: "string" },
            example: `${examples.metricsText}# EOF\n`,
          },
        },
      },
    },
    errors: [...UNCONFIGURED, "invalid_metrics_token", "too_many_requests", "directory_unavailable"],
    isForCallers: false,
    isKeyed: false,
  },
  {
    id: "receive_webhook",
    method: "post",
    path: "/webhooks/stytch",
    tag: "Cache",
    summary: "Receive an event of Stytch",
    description:
      "Purges the organizations of the event, and revokes the sessions that it ends. At most 1 MiB.",
    security: ["svix"],
    parameters: [],
    body: { schema: { type: "object" }, example: examples.webhookEvent, required: true },
    answers: { 204: { description: "Purged and revoked, or of no concern.", headers: [] } },
    errors: [
      ...UNCONFIGURED,
      "invalid_signature",
      "too_many_requests",
      "invalid_request",
      "purge_unavailable",
      "directory_unavailable",
    ],
    isForCallers: false,
    isKeyed: false,
  },
];
