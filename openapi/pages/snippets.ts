/** The examples of calls: curl, and the official Node SDK. */
import type { RoutedOperation } from "./shapes.ts";

const CREDENTIALS: Readonly<Record<string, string>> = {
  key: "$POSTERN_KEY",
  adminToken: "$POSTERN_ADMIN_TOKEN",
  metricsToken: "$POSTERN_METRICS_TOKEN",
};

/** In single quotes for a shell. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Null for a call that nobody makes by hand: a browser or Stytch does. */
export function curlOf({
  method,
  path,
  parameters = [],
  requestBody,
  security,
}: RoutedOperation): string | null {
  const [first] = security.flatMap((scheme) => Object.keys(scheme));
  const credential = first === undefined ? null : CREDENTIALS[first];
  if (credential === undefined || path.startsWith("/console/")) return null;
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const example = parameters.find((parameter) => parameter.name === name)?.example;
    return encodeURIComponent(String(example));
  });
  // One of the two parameters of a member's lookup is enough; the others have defaults.
  const query = path.endsWith("/member")
    ? `?member_id=${parameters.find(({ name }) => name === "member_id")?.example}`
    : "";
  const lines = [
    `curl ${method === "get" ? "" : `-X ${method.toUpperCase()} `}"$POSTERN_URL${filled}${query}"`,
  ];
  if (credential !== null) lines.push(`-H "Authorization: Bearer ${credential}"`);
  const body = Object.values(requestBody?.content ?? {})[0]?.example;
  if (body !== undefined) {
    lines.push('-H "Content-Type: application/json"', `-d ${quoted(JSON.stringify(body))}`);
  }
  return lines.join(" \\\n  ");
}

export const SDK_CLIENT = `import { B2BClient } from "stytch";

const postern = new B2BClient({
  project_id: process.env.STYTCH_PROJECT_ID,
  secret: process.env.POSTERN_KEY,
  custom_base_url: process.env.POSTERN_URL, // https://…
});`;

/** Null if the SDK has no such call. The arguments have the names of the parameters. */
export function sdkOf(operation: RoutedOperation): string | null {
  const call = operation["x-node-sdk"];
  if (call === undefined) return null;
  const [, names = ""] = /\{([^}]*)\}/.exec(call) ?? [];
  const constants = names
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .map((name) => {
      const example = operation.parameters?.find((parameter) => parameter.name === name)?.example;
      return `const ${name} = ${JSON.stringify(example)};`;
    });
  return [...constants, `const answer = await postern.${call};`].join("\n");
}
