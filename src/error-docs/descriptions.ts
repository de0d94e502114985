/** Every failure, described. A new one breaks the build until it is. */
import type { Failure } from "../errors.ts";
import { CALLER_ERRORS } from "./caller-errors.ts";
import type { ErrorDescriptions } from "./description.ts";
import { SERVICE_ERRORS } from "./service-errors.ts";

export const ERROR_DESCRIPTIONS: ErrorDescriptions<Failure["type"]> = { ...CALLER_ERRORS, ...SERVICE_ERRORS };
