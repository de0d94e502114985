/** Whether the Stytch credentials of the user belong together, and whether Stytch accepts them. */
import type { Config } from "../src/config.ts";
import type { Vars } from "./dev-vars.ts";

const SECRET_NAMES = ["STYTCH_SECRET", "STYTCH_SECRET_NEXT"] as const;
/** Stytch's hosts, by environment. A custom domain tells nothing of its environment. */
const HOSTS = { live: "api.stytch.com", test: "test.stytch.com" } as const;

/**
 * What is wrong between the variables, by name and without any value: the checks of `parseConfig` see one at a time.
 * Stytch would answer each of these with 400 or 401. No I/O.
 */
export function checkCredentialsMatch(vars: Vars): Record<string, string> {
  const environment = /^project-(test|live)-/.exec(vars["STYTCH_PROJECT_ID"] ?? "")?.[1];
  const problems: Record<string, string> = {};
  for (const name of SECRET_NAMES) {
    const problem = secretProblem(vars[name] ?? "", environment);
    if (problem !== null) problems[name] = problem;
  }
  const host = URL.parse(vars["STYTCH_BASE_URL"] ?? "")?.host;
  if (environment === "live" && host === HOSTS.test) problems["STYTCH_BASE_URL"] = "is that of test projects";
  if (environment === "test" && host === HOSTS.live) problems["STYTCH_BASE_URL"] = "is that of live projects";
  return problems;
}

function secretProblem(secret: string, environment: string | undefined): string | null {
  if (secret.startsWith("project-"))
    return "is a project ID; a secret begins with secret-test- or secret-live-";
  if (secret.startsWith("pst_")) return "is a key of Postern; it must be the secret of the Stytch project";
  const other = /^secret-(test|live)-/.exec(secret)?.[1];
  if (environment === undefined || other === undefined || other === environment) return null;
  return `is of a ${other} project (secret-${other}-…), and STYTCH_PROJECT_ID is of a ${environment} one`;
}

export type CredentialsCheck =
  | { readonly kind: "accepted"; readonly text: string }
  /** Stytch itself said that it does not know this project or secret. */
  | { readonly kind: "refused"; readonly text: string }
  /** Nobody knows: no answer, or one that says nothing of credentials. */
  | { readonly kind: "unknown"; readonly text: string };

/**
 * Makes one call, and a second with STYTCH_SECRET_NEXT if the first secret is refused, as Postern does. It reads an
 * organization that no project has, so that nothing but the credentials decides between 404 and a refusal. Never
 * rejects; resolves within two deadlines.
 */
export async function askStytchAboutCredentials(stytch: Config["stytch"]): Promise<CredentialsCheck> {
  const first = await askStytch(stytch, stytch.secret);
  if (first.kind !== "refused" || stytch.nextSecret === undefined) return first;
  const next = await askStytch(stytch, stytch.nextSecret);
  if (next.kind !== "accepted") return first;
  return { kind: "accepted", text: "Stytch refuses STYTCH_SECRET and accepts STYTCH_SECRET_NEXT." };
}

async function askStytch(
  { projectId, baseUrl, timeoutMs }: Config["stytch"],
  secret: string,
): Promise<CredentialsCheck> {
  const environment = projectId.startsWith("project-live-") ? "live" : "test";
  const path = `/v1/b2b/organizations/organization-${environment}-00000000-0000-4000-8000-000000000000`;
  try {
    const response = await fetch(baseUrl + path, {
      headers: {
        Authorization: `Basic ${Buffer.from(`${projectId}:${secret}`).toString("base64")}`,
        Accept: "application/json",
      },
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    return judge(response.status, await readErrorType(response));
  } catch (error) {
    return { kind: "unknown", text: `Stytch could not be asked about the credentials: ${reasonOf(error)}.` };
  }
}

function judge(status: number, errorType: string | null): CredentialsCheck {
  const isAboutObject =
    errorType?.startsWith("organization_") || errorType?.startsWith("invalid_organization");
  if (status === 200 || ((status === 404 || status === 400) && isAboutObject)) {
    return { kind: "accepted", text: "Stytch accepts the credentials." };
  }
  const answer = errorType === null ? `${status}` : `${status} ${errorType}`;
  // A refusal has Stytch's error body: a proxy in between may answer 401 or 403 as well.
  const isRefusal = status === 401 || status === 403 || status === 400 || errorType === "project_not_found";
  if (errorType !== null && isRefusal) {
    return { kind: "refused", text: `Stytch refuses the credentials: it answered ${answer}.` };
  }
  return { kind: "unknown", text: `Stytch could not be asked about the credentials: it answered ${answer}.` };
}

/** The type of Stytch's error; null if the body has none, or one with other characters than a type has. */
async function readErrorType(response: Response): Promise<string | null> {
  try {
    const body = (await response.json()) as { error_type?: unknown };
    return typeof body.error_type === "string" && /^\w{1,100}$/.test(body.error_type)
      ? body.error_type
      : null;
  } catch {
    return null;
  }
}

/** A system error such as ECONNREFUSED, or the name of the error: a message might repeat what was sent. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "the call failed";
  if (error.name === "TimeoutError") return "no answer in time";
  const { cause } = error;
  return cause instanceof Error && "code" in cause
    ? `the connection failed (${cause.code})`
    : "the connection failed";
}
