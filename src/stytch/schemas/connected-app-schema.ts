/**
 * The connected apps of an organization, in a list and one by one.
 * https://stytch.com/docs/b2b/guides/connected-apps/overview
 *
 * As tolerant as `organization-schema.ts`: the ID is identity, the rest may be absent or null.
 */
import * as z from "zod";
import { identity, listOf, text, texts } from "./organization-schema.ts";

const about = {
  connected_app_id: identity,
  name: text,
  description: text,
  client_type: text.describe("first_party, first_party_public, third_party, third_party_public"),
  logo_url: text,
};

export const ConnectedApp = z.looseObject(about);

/** `GET /v1/b2b/organizations/{organization_id}/connected_apps` */
export const ConnectedAppsEnvelope = z.looseObject({
  request_id: identity,
  status_code: z.int().nullish(),
  connected_apps: listOf(ConnectedApp),
});

/** `GET /v1/b2b/organizations/{organization_id}/connected_apps/{connected_app_id}`. The app is the body itself. */
export const ConnectedAppEnvelope = z.looseObject({
  // The SDK declares none for this call alone.
  request_id: text,
  status_code: z.int().nullish(),
  ...about,
  active_members: listOf(z.looseObject({ member_id: text, granted_scopes: texts })),
});

export type ConnectedAppsEnvelope = z.output<typeof ConnectedAppsEnvelope>;
export type ConnectedAppEnvelope = z.output<typeof ConnectedAppEnvelope>;
