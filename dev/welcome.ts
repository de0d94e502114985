/** What `npm start` prints when everything is running: addresses, credentials and commands to paste. */
import { memberCountOf, notable } from "../sandbox/notable.ts";
import { demo } from "../sandbox/seed.ts";
import { DEFAULT_PORT } from "./start-options.ts";

export interface LocalPostern {
  readonly url: string;
  readonly key: string;
  /** Null if the key never expires. */
  readonly keyExpiresAt: string | null;
  readonly adminToken: string;
  /** Null in front of Stytch itself. */
  readonly sandboxUrl: string | null;
  /** What is behind Postern if it is not the sandbox, in words or as a URL. */
  readonly upstream: string;
  /** What Stytch says of the credentials, in a sentence; null in front of the sandbox. */
  readonly credentialsText: string | null;
  /** Whether the demo follows. */
  readonly hasDemo: boolean;
}

const ORGANIZATIONS = "/v1/b2b/organizations";
/** Nothing is known of the user's own project. */
const FILL_IN = ", with an organization of your project, by its ID, slug or external ID";
/** A body ends without a line break, which the next command would follow. */
const CURL = "curl -iw '\\n'";
const MEMBERS = `${ORGANIZATIONS}/members/dangerously_get`;

export function welcomeText(postern: LocalPostern): string {
  const { url, key, adminToken, sandboxUrl, upstream, credentialsText, hasDemo } = postern;
  const forgedKey = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  const behind = sandboxUrl === null ? upstream : `the sandbox on ${sandboxUrl}, not Stytch`;
  const { variables, organization, reads } =
    sandboxUrl === null ? ownProjectExamples(postern) : sandboxExamples(sandboxUrl);
  return [
    `\nPostern is running on ${url}, in front of ${behind}.`,
    ...(credentialsText === null ? [] : [credentialsText]),
    `To try it, paste these lines into another terminal${sandboxUrl === null ? FILL_IN : ""}:\n`,
    `POSTERN=${url}`,
    `KEY=${key}`,
    `FORGED_KEY=${forgedKey}`,
    `ADMIN_TOKEN=${adminToken}`,
    ...variables,
    "\nThen paste one command at a time. A line with # in front says what the next one does.\n",
    ...reads,
    curl("the key with one character changed: 401", `${ORGANIZATIONS}/${organization}`, "FORGED_KEY"),
    curl(`all keys: ${keysCommand(url)} list shows them as a table`, "/admin/keys", "ADMIN_TOKEN"),
    ...(sandboxUrl === null ? [] : sessionExample()),
    `\nThe console: ${url}/console/\nSign in with: ${adminToken}`,
    ...(sandboxUrl === null || hasDemo ? [] : ["For traffic to look at: npm start -- --demo"]),
    hasDemo
      ? "\nCtrl-C stops it. A minute of traffic follows, and then one log line per request.\n"
      : "\nCtrl-C stops it. One log line per request follows.\n",
  ].join("\n");
}

/** A member signs in at the sandbox, and its session reads its organization without a key. */
function sessionExample(): readonly string[] {
  return [
    "# the session of a member reads its own organization: allow it, sign in, read",
    `${CURL} -X PUT -H "Authorization: Bearer $ADMIN_TOKEN" "$POSTERN/admin/session-policy" -d '{"scopes": ["organizations:read"]}'`,
    `SESSION=$(curl -s "$SANDBOX/sessions" -d '{"member_id": "${demo.member_id}"}' | cut -d '"' -f 4)`,
    curl("with it, any other organization is a 404", `${ORGANIZATIONS}/${demo.organization_slug}`, "SESSION"),
  ];
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
      curl(
        "the same organization by its slug: a miss, once for each name",
        `${ORGANIZATIONS}/${demo.organization_slug}`,
      ),
      curl(
        "and by its external ID: the same",
        `${ORGANIZATIONS}/${encodeURIComponent(demo.organization_external_id)}`,
      ),
      memberRead(demo.member_id),
      curl(
        "what belongs to it: curl makes a call for each name in braces",
        `${ORGANIZATIONS}/${demo.organization_slug}/{metrics,connected_apps,member?member_id=${demo.member_id}}`,
      ),
      curl(
        "the roles of the project and of the organization",
        `/v1/b2b/rbac/{policy,organizations/${demo.organization_slug}}`,
      ),
      curl(
        `the name ${notable.nonLatin.organization_name}, in a script other than Latin`,
        `${ORGANIZATIONS}/${notable.nonLatin.organization_slug}`,
      ),
      curl(
        `the largest: ${memberCountOf(notable.largest)} members`,
        `${ORGANIZATIONS}/${notable.largest.organization_slug}`,
      ),
      curl("one with SCIM", `${ORGANIZATIONS}/${notable.scim.organization_slug}`),
      memberRead(notable.scimMember.member_id, "a member that SCIM made"),
      "# all that the sandbox has, in pages. Members can be filtered by organization_id and status",
      `${CURL} "$SANDBOX/organizations?limit=20"`,
      `${CURL} "$SANDBOX/members?organization_id=${notable.largest.organization_slug}"`,
    ],
  };
}

/** The commands name a variable to fill in. */
function ownProjectExamples({ url, key, keyExpiresAt }: LocalPostern): Examples {
  const environment = key.startsWith("pst_live_") ? "live" : "test";
  return {
    variables: [`ORGANIZATION=organization-${environment}-...`],
    organization: "$ORGANIZATION",
    reads: [
      organizationRead("$ORGANIZATION"),
      `# this key reads organizations only, until ${keyExpiresAt}. A key that reads members:`,
      `${keysCommand(url)} create --name members --scope members:dangerously_get`,
    ],
  };
}

/** `npm run keys` finds the local Postern by `PORT`, as `npm start` does. */
function keysCommand(url: string): string {
  const { port } = new URL(url);
  return `${port === `${DEFAULT_PORT}` ? "" : `PORT=${port} `}npm run keys --`;
}

const organizationRead = (organization: string) =>
  curl("an organization: run it twice to see a miss and a hit", `${ORGANIZATIONS}/${organization}`);

const memberRead = (member: string, comment = "a member: never cached") =>
  curl(comment, `${MEMBERS}/${member}`);

function curl(comment: string, path: string, credential = "KEY"): string {
  return `# ${comment}\n${CURL} -H "Authorization: Bearer $${credential}" "$POSTERN${path}"`;
}
