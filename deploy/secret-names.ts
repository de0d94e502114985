/** Secrets are told from variables by their names. */
import { VARIABLE_NAMES } from "../src/config.ts";

/** A variable with the name of a secret would be shown in the dashboard. */
export const isSecretName = (name: string) => /SECRET|TOKEN/.test(name);

/** Every secret that Postern reads. */
export const SECRET_VARIABLES: readonly string[] = VARIABLE_NAMES.filter(isSecretName);
