/** What the operations of the admin API share. */
import type { Answer, Operation } from "../operation.ts";
import type { SchemaName } from "../schemas.ts";
import { OPERATOR_SECURITY } from "../security.ts";

type AdminOperation = Omit<Operation, "security" | "isForCallers" | "isKeyed">;

export const adminOperation = (operation: AdminOperation): Operation => ({
  ...operation,
  security: OPERATOR_SECURITY,
  isForCallers: false,
  isKeyed: false,
});

export const jsonAnswer = (
  description: string,
  schema: SchemaName | readonly SchemaName[],
  example: unknown,
): Answer => ({
  description,
  headers: [],
  content: { "application/json": { schema, example } },
});
