/**
 * `GET /v1/b2b/organizations/{organization_id}/metrics`, as the SDK declares it: the answer names no organization, so
 * Postern relies on the path that it asked. As tolerant as `organization-schema.ts`.
 */
import * as z from "zod";
import { identity } from "./organization-schema.ts";

export const MetricsEnvelope = z.looseObject({
  request_id: identity,
  status_code: z.int().nullish(),
  member_count: z.number().nullish(),
});

export type MetricsEnvelope = z.output<typeof MetricsEnvelope>;
