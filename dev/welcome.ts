/** What `npm start` prints when everything is running: addresses, credentials and commands to paste. */
import { demo } from "../sandbox/seed.ts";

interface LocalPostern {
  readonly url: string;
  readonly key: string;
  readonly adminToken: string;
  /** Null in front of Stytch itself. */
  readonly sandboxUrl: string | null;
  /** What is behind Postern if it is not the sandbox, in words or as a URL. */
  readonly upstream: string;
}

const ORGANIZATIONS = "/v1/b2b/organizations";
const MEMBERS = `${ORGANIZATIONS}/members/dangerously_get`;

export function welcomeText(postern: LocalPostern): string {
  const { url, key, adminToken, sandboxUrl, upstream } = postern;
  const forgedKey = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  const behind = sandboxUrl === null ? upstream : `the sandbox on ${sandboxUrl}, not Stytch`;
  const { variables, organization, reads } =
    sandboxUrl === null ? ownProjectExamples(key) : sandboxExamples(sandboxUrl);
  return [
    `\nPostern is running on ${url}, in front of ${behind}.`,
    "To try it, paste this into another terminal:\n",
    `POSTERN=${url}`,
    `KEY=${key}`,
    ...variables,
    ...reads,
    `\nFORGED_KEY=${forgedKey}`,
    curl("the key with one character changed: 401", `${ORGANIZATIONS}/${organization}`, "FORGED_KEY"),
    `\nADMIN_TOKEN=${adminToken}`,
    curl("all keys; npm run keys -- list shows them as a table", "/admin/keys", "ADMIN_TOKEN"),
    "\nCtrl-C stops it. One log line per request follows.\n",
  ].join("\n");
}

interface Examples {
  readonly variables: readonly string[];
  /** In a URL path between double quotes of a shell. */
  readonly organization: string;
  readonly reads: readonly string[];
}

function sandboxExamples(sandboxUrl: string): Examples {
  return {
    variables: [`SANDBOX=${sandboxUrl}/_sandbox`],
    organization: demo.organization_id,
    reads: [
      organizationRead(demo.organization_id),
      curl("the same organization by its slug", `${ORGANIZATIONS}/${demo.organization_slug}`),
      curl("and by its external ID", `${ORGANIZATIONS}/${encodeURIComponent(demo.organization_external_id)}`),
      memberRead(demo.member_id),
    ],
  };
}

/** Nothing is known of the user's own organizations and members, so the commands name variables to fill in. */
function ownProjectExamples(key: string): Examples {
  const environment = key.startsWith("pst_live_") ? "live" : "test";
  return {
    variables: [
      "# fill in IDs of your own project",
      `ORGANIZATION=organization-${environment}-...`,
      `MEMBER=member-${environment}-...`,
    ],
    organization: "$ORGANIZATION",
    reads: [organizationRead("$ORGANIZATION"), memberRead("$MEMBER")],
  };
}

const organizationRead = (organization: string) =>
  curl("an organization: run it twice to see a miss and a hit", `${ORGANIZATIONS}/${organization}`);

const memberRead = (member: string) => curl("a member: never cached", `${MEMBERS}/${member}`);

function curl(comment: string, path: string, credential = "KEY"): string {
  return `# ${comment}\ncurl -i -H "Authorization: Bearer $${credential}" "$POSTERN${path}"`;
}
