/** What an operation of the document is made from. */
import type { Failure } from "../src/errors.ts";
import type { JsonSchema } from "./clean-schema.ts";
import type { HeaderName } from "./headers.ts";
import type { SchemaName } from "./schemas.ts";
import type { SecurityName } from "./security.ts";

export type Method = "get" | "post" | "put" | "patch" | "delete";

export const TAGS = {
  Reads: "The reads of the Stytch B2B API: paths, parameters and bodies are Stytch's.",
  Callers: "What callers ask Postern about themselves.",
  Keys: "The admin API of keys.",
  Sessions: "The admin API of members' sessions as credentials.",
  Cache: "The admin API of the cache.",
  Watching: "What operators and their tools look at.",
} as const;

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example: string | number | boolean;
  /** Default: true in the path, false elsewhere. */
  readonly required?: boolean;
}

interface AnswerBody {
  readonly schema: SchemaName | readonly SchemaName[] | JsonSchema;
  readonly example?: unknown;
  /** In place of `example`, by name, if the answer has several forms. */
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

export interface Answer {
  readonly description: string;
  /** It always has them, beside those of every answer. */
  readonly headers: readonly HeaderName[];
  /** They depend on the caller or the deployment. */
  readonly optionalHeaders?: readonly HeaderName[];
  /** Absent: the answer has no body. */
  readonly content?: Readonly<Record<string, AnswerBody>>;
}

export interface Operation {
  /** Also the anchor in the reference. */
  readonly id: string;
  readonly method: Method;
  /** With `{parameters}`. */
  readonly path: string;
  readonly tag: keyof typeof TAGS;
  readonly summary: string;
  readonly description: string;
  /** Any one of these is enough; empty: none is needed. */
  readonly security: readonly SecurityName[];
  readonly parameters: readonly Parameter[];
  readonly body?: {
    readonly schema: SchemaName | JsonSchema;
    readonly example: unknown;
    readonly required: boolean;
  };
  readonly answers: Readonly<Record<number, Answer>>;
  readonly errors: readonly Failure["type"][];
  /** The errors that have another status than their own here. */
  readonly errorStatus?: Readonly<Partial<Record<Failure["type"], number>>>;
  /** For callers, whose pages may be of other origins: CORS applies. */
  readonly isForCallers: boolean;
  /** True if the answers depend on the caller's credentials, and say so in `Vary`. */
  readonly isKeyed: boolean;
  /** The call of the official Node SDK that makes this request. */
  readonly sdk?: string;
}
