/** The usage of a key or of sessions, as the admin API is asked for it. */
import * as z from "zod";
import { USAGE_RETENTION_HOURS } from "../keys/usage.ts";
import { wholeNumberParameter } from "./request.ts";

export const UsageQuery = z.strictObject({ hours: wholeNumberParameter(1, USAGE_RETENTION_HOURS, 24) });
