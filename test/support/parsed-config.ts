/** A configuration with its required variables, for tests of the others. */
import { type Config, parseConfig } from "../../src/config.ts";

export const UUID = "22222222-2222-4222-8222-222222222222";
export const WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const REQUIRED = {
  STYTCH_PROJECT_ID: `project-live-${UUID}`,
  STYTCH_SECRET: "secret-live-x",
  KEY_SECRET: "a-random-key-secret-0123456789ab",
};

export function parse(vars: Record<string, unknown> = {}): Config {
  const configured = parseConfig({ ...REQUIRED, ...vars });
  if (!configured.ok) throw new Error(JSON.stringify(configured.failure));
  return configured.value;
}

export function problemsOf(vars: Record<string, unknown>) {
  const configured = parseConfig({ ...REQUIRED, ...vars });
  return configured.ok ? {} : configured.failure;
}
