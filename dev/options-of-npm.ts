/**
 * Options that npm has taken for itself, since no `--` stands before them: it passes them to the script in the
 * environment alone, as `npm_config_…`. https://docs.npmjs.com/cli/commands/npm-run
 */

/** Those of the options that npm has taken, by their names without the dashes in front: `overlap`, `no-limit`. */
export function optionsTakenByNpm(
  names: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const values = new Map(Object.entries(env).map(([name, value]) => [withoutSeparators(name), value]));
  return names.filter((name) => {
    const value = values.get(withoutSeparators(`npm_config_${name.replace(/^no-/, "")}`));
    if (name.startsWith("no-")) return value === "";
    return value !== undefined && !(value === "" && names.includes(`no-${name}`));
  });
}

/** So that `--dryrun`, which means the same to npm, is not overlooked either. */
const withoutSeparators = (name: string) => name.toLowerCase().replaceAll(/[-_]/g, "");
