export function standIn(
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): { readonly code: number | null; readonly out: string; readonly err: string };
