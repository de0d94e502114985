import { type Config, parseConfig } from "../../src/config.ts";
import { TEST_VARS } from "./vars.ts";

/** The configuration of the deployment under test, except for `vars`. Throws if a variable is invalid. */
export function createConfig(vars: Record<string, unknown> = {}): Config {
  const parsed = parseConfig({ ...TEST_VARS, ...vars });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.failure));
  return parsed.value;
}
