/** What `npm start` says when all is up: where things are, and lines to paste. */
import { demo } from "../sandbox/seed.ts";

interface Started {
  readonly url: string;
  readonly key: string;
  readonly adminToken: string;
  /** Null in front of Stytch itself. */
  readonly sandboxUrl: string | null;
  readonly upstream: string;
}

const ORGANIZATIONS = "/v1/b2b/organizations";
const MEMBERS = `${ORGANIZATIONS}/members/dangerously_get`;

export function welcome({ url, key, adminToken, sandboxUrl, upstream }: Started): string {
  const place = sandboxUrl === null ? upstream : `the sandbox on ${sandboxUrl}, not of Stytch`;
  const forged = key.slice(0, -1) + (key.endsWith("0") ? "1" : "0");
  const organization = sandboxUrl === null ? "organization-test-..." : demo.organization_id;
  const member = sandboxUrl === null ? "member-test-..." : demo.member_id;
  const otherNames = [
    curl("the same one by its slug", `${ORGANIZATIONS}/${demo.organization_slug}`),
    curl("and by its external ID", `${ORGANIZATIONS}/${encodeURIComponent(demo.organization_external_id)}`),
  ];
  return [
    `\nPostern is on ${url}, in front of ${place}.`,
    "To try it, paste into another terminal:\n",
    `POSTERN=${url}`,
    `KEY=${key}`,
    ...(sandboxUrl === null ? [] : [`SANDBOX=${sandboxUrl}/_sandbox`]),
    curl("an organization; twice, to see a miss and a hit", `${ORGANIZATIONS}/${organization}`),
    ...(sandboxUrl === null ? [] : otherNames),
    curl("a member: never cached", `${MEMBERS}/${member}`),
    `\nFORGED=${forged}`,
    curl("one character off: 401", `${ORGANIZATIONS}/${organization}`, "FORGED"),
    `\nADMIN_TOKEN=${adminToken}`,
    curl("the keys there are; npm run keys -- list shows them as a table", "/admin/keys", "ADMIN_TOKEN"),
    "\nCtrl-C ends it. One log line a request follows.\n",
  ].join("\n");
}

function curl(comment: string, path: string, credential = "KEY"): string {
  return `# ${comment}\ncurl -i -H "Authorization: Bearer $${credential}" "$POSTERN${path}"`;
}
