/**
 * The connected apps of an organization: chosen by its ID, so that they are the same on every import, and need no seed
 * of their own.
 */

import type { JsonObject, Member, Organization } from "./shapes.ts";

interface App extends JsonObject {
  connected_app_id: string;
}

const APPS: readonly App[] = [
  {
    client_type: "first_party",
    connected_app_id: "connected-app-test-0c3a7f52-1d64-4b8e-9a57-5e2f8f1b6a01",
    description: "The desktop application",
    logo_url: "https://apps.example/desktop.png",
    name: "Desktop",
  },
  {
    client_type: "third_party",
    connected_app_id: "connected-app-test-4d9b21c8-77ae-4f03-8c15-b0a6d3e94f02",
    description: "",
    name: "Field Notes",
  },
  {
    client_type: "third_party_public",
    connected_app_id: "connected-app-test-9e81f6d4-2b3c-4a7d-b6f0-17c58d2e7b03",
    description: "帳票を読み取ります",
    logo_url: "",
    name: "帳票リーダー",
  },
  {
    client_type: "first_party_public",
    connected_app_id: "connected-app-test-e27d5a90-c614-4e9b-91d8-6f3b0a4c8d04",
    description: "The command-line tool",
    name: "CLI",
  },
];

/** From none to all of the apps; the demo organization has all of them. */
export function listConnectedApps({ organization_id: id, organization_slug: slug }: Organization): App[] {
  if (slug === "acme") return [...APPS];
  const bits = Number.parseInt(id.slice(-1), 16);
  return APPS.filter((_, index) => (bits >> index) & 1);
}

/** The app with the members who use it: the active ones whose turn it is. Undefined if the organization lacks it. */
export function findConnectedApp(
  organization: Organization,
  members: readonly Member[],
  appId: string,
): JsonObject | undefined {
  const app = listConnectedApps(organization).find((one) => one.connected_app_id === appId);
  if (app === undefined) return undefined;
  const active = members.filter(({ status }, index) => status === "active" && index % 2 === 0);
  return {
    ...app,
    active_members: active.map(({ member_id }) => ({
      granted_scopes: ["openid", "read:documents"],
      member_id,
    })),
  };
}
