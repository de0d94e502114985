/** Every operation, in the order of the reference. A test compares them with the routes of the app. */
import type { Operation } from "../operation.ts";
import { CALLER_OPERATIONS } from "./caller-operations.ts";
import { CONSOLE_OPERATIONS } from "./console-operations.ts";
import { KEY_OPERATIONS } from "./key-operations.ts";
import { OPERATOR_OPERATIONS } from "./operator-operations.ts";
import { READ_OPERATIONS } from "./read-operations.ts";
import { SESSION_OPERATIONS } from "./session-operations.ts";

export const OPERATIONS: readonly Operation[] = [
  ...READ_OPERATIONS,
  ...CALLER_OPERATIONS,
  ...KEY_OPERATIONS,
  ...SESSION_OPERATIONS,
  ...OPERATOR_OPERATIONS,
  ...CONSOLE_OPERATIONS,
];
