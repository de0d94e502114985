/** The paths, what answers each of their methods, and which of them a request is for. */
import { listEvents } from "./admin/audit-routes.ts";
import {
  createKey,
  editKey,
  listKeys,
  revokeKey,
  rotateKey,
  showKey,
  showUsage,
} from "./admin/key-routes.ts";
import { purgeOrganization, receiveWebhook } from "./admin/purge-routes.ts";
import { readMember } from "./api/members.ts";
import { readOrganization } from "./api/organizations.ts";
import { whoAmI } from "./api/whoami.ts";
import type { Failure } from "./errors.ts";
import type { IsolateState } from "./isolate-state.ts";
import { readJwks } from "./jwks/route.ts";
import type { RequestContext } from "./request-context.ts";

type Operation = (
  call: RequestContext,
  isolate: IsolateState,
  parameter: string,
) => Promise<Response | Failure>;

/** A path, and what answers each of its methods. `HEAD` is answered as `GET` without its body. */
type Routes = ReadonlyArray<readonly [path: string, methods: Readonly<Record<string, Operation>>]>;

/** Whose answers depend on the caller's key. */
const KEYED: Routes = [
  ["/v1/b2b/organizations/:organization_id", { GET: readOrganization }],
  // An empty identifier is one out of bounds, not another path.
  ["/v1/b2b/organizations/", { GET: readOrganization }],
  ["/v1/b2b/organizations/members/dangerously_get/:member_id", { GET: readMember }],
  ["/v1/b2b/organizations/members/dangerously_get/", { GET: readMember }],
  ["/whoami", { GET: whoAmI }],
];
const OPEN: Routes = [
  ["/v1/b2b/sessions/jwks/:project_id", { GET: (call, isolate, id) => readJwks(call, isolate.jwks, id) }],
  ["/healthz", { GET: async () => Response.json({ status: "ok" }) }],
];
const ADMIN: Routes = [
  ["/admin/keys", { GET: listKeys, POST: createKey }],
  ["/admin/keys/:key_id", { GET: ofKey(showKey), PATCH: ofKey(editKey), DELETE: ofKey(revokeKey) }],
  ["/admin/keys/:key_id/rotate", { POST: ofKey(rotateKey) }],
  ["/admin/keys/:key_id/usage", { GET: ofKey(showUsage) }],
  ["/admin/cache/purge", { POST: purgeOrganization }],
  ["/admin/audit", { GET: listEvents }],
];
const WEBHOOKS: Routes = [["/webhooks/stytch", { POST: receiveWebhook }]];

/** Who comes to a path, which decides what stands before it. */
type Kind = "keyed" | "open" | "admin" | "webhooks";

/** What the path of a request leads to. */
export interface Place {
  /** For the log: the pattern, without identifiers; null where no route matched. */
  readonly route: string | null;
  readonly kind: Kind;
  readonly make: (
    call: RequestContext,
    isolate: IsolateState,
    parts: readonly string[],
  ) => Failure | Promise<Response | Failure>;
}

type Match = readonly [parts: readonly string[], place: Place];

const MATCHES: readonly Match[] = [
  ...matchesOf("keyed", KEYED),
  ...matchesOf("open", OPEN),
  ...matchesOf("admin", ADMIN),
  ...matchesOf("webhooks", WEBHOOKS),
];

/** By the parts between the slashes of a path. */
export function placeOf(parts: readonly string[]): Place {
  const match = MATCHES.find(
    ([pattern]) =>
      pattern.length === parts.length &&
      // A parameter stands for something.
      pattern.every((part, index) => (part.startsWith(":") ? parts[index] !== "" : part === parts[index])),
  );
  return match?.[1] ?? { route: null, kind: kindOf(parts), make: () => ({ type: "route_not_found" }) };
}

/** Of a path that no route has. */
function kindOf([, first]: readonly string[]): Kind {
  return first === "admin" || first === "webhooks" ? first : "open";
}

function matchesOf(kind: Kind, routes: Routes): Match[] {
  return routes.map(([path, methods]) => {
    const pattern = path.split("/");
    const at = pattern.findIndex((part) => part.startsWith(":"));
    const allow = allowOf(methods);
    const make: Place["make"] = (call, isolate, parts) => {
      const method = call.request.method === "HEAD" ? "GET" : call.request.method;
      const operation = Object.hasOwn(methods, method) ? methods[method] : undefined;
      // The raw segment in place of the pattern's parameter, if it has one.
      return operation === undefined
        ? { type: "method_not_allowed", allow }
        : operation(call, isolate, parts[at] ?? "");
    };
    return [pattern, { route: path.replace(/:(\w+)/, "{$1}"), kind, make }];
  });
}

function allowOf(methods: Readonly<Record<string, Operation>>): string {
  const allowed = Object.keys(methods).flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method]));
  return allowed.join(", ");
}

/** A URL whose path its parser would leave as it is: nothing to decode, no dots to fold, and a path right after the authority. */
const PLAIN_URL = /^https?:\/\/[^/?#\\]+(\/[\w/-]*)(?:\?|$)/;

/** The raw path of a URL, so that an identifier is decoded once and by us; doubled slashes at its start count as one. Most need no parser. */
export function pathOf(url: string): string {
  const path = PLAIN_URL.exec(url)?.[1] ?? new URL(url).pathname;
  return path.replace(/^\/{2,}/, "/");
}

function ofKey(operation: (call: RequestContext, keyId: string) => Promise<Response | Failure>): Operation {
  return (call, _isolate, keyId) => operation(call, keyId);
}
