/** The texts below the help of commands. */

export const ROOT_HELP = `
Examples:
  npm run keys -- create --name "Acme partner" --scope organizations:read
  npm run keys -- list
  npm run keys -- revoke --help
  npm run -s keys -- list --all --json

npm needs the "--" after "keys": without it, npm takes the options for itself.

Environment:
  POSTERN_URL          address of Postern, such as https://postern.example.com
  POSTERN_ADMIN_TOKEN  its ADMIN_TOKEN
  PORT                 port of the Postern that npm start runs (default: 8787)
Without an address and a token, commands go to the Postern that npm start runs
on this machine.

Exit codes: 0 success; 1 the command failed; 2 wrong usage, nothing was sent.`;

/** A key ID for examples. */
export const EXAMPLE_ID = "0123456789abcdef";

export function examples(...lines: readonly string[]): string {
  return ["", "Examples:", ...lines.map((line) => `  npm run keys -- ${line}`)].join("\n");
}
