/** The answers of the reads as the sandbox gives them: what a reader of the document gets from `npm start`. */
import { getMembers, organizations } from "../sandbox/seed.ts";
import { findConnectedApp, listConnectedApps } from "../sandbox/seed-connected-apps.ts";
import { createOrganizationPolicy, projectPolicy } from "../sandbox/seed-rbac.ts";

const members = getMembers();

const [organization] = organizations;
const [member] = members;
if (organization === undefined || member === undefined) throw new Error("The seed is empty.");
const [app] = listConnectedApps(organization);
if (app === undefined) throw new Error("The demo organization has no connected app.");

export const demoApp = app;

const envelope = (fields: object) => ({
  status_code: 200,
  request_id: "request-id-test-b8f5ba1f-9ce1-4a3b-9b0a-0c4b5e5d7f10",
  ...fields,
});

const team = members.filter(({ organization_id: id }) => id === organization.organization_id);

const memberAnswer = envelope({ member_id: member.member_id, member, organization });

/** By operation of `src/api/operations.ts`. */
export const SANDBOX_ANSWERS: Readonly<Record<string, object>> = {
  organization: envelope({ organization }),
  metrics: envelope({ member_count: team.filter(({ status }) => status !== "deleted").length }),
  connected_apps: envelope({ connected_apps: listConnectedApps(organization) }),
  connected_app: envelope(findConnectedApp(organization, team, app.connected_app_id) ?? {}),
  organization_policy: envelope({ org_policy: createOrganizationPolicy(organization) }),
  project_policy: envelope({ policy: projectPolicy }),
  member: memberAnswer,
  organization_member: memberAnswer,
};
