/** The parts of `openapi.json` that the reference page shows. */
import type { JsonSchema } from "../clean-schema.ts";

export interface Ref {
  readonly $ref: string;
}

interface PageExample {
  readonly summary?: string;
  readonly value: unknown;
}

export interface PageMedia {
  readonly schema: JsonSchema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, PageExample | Ref>>;
}

export interface PageHeader {
  readonly description: string;
  readonly required?: boolean;
  readonly example: string;
}

export interface PageResponse {
  readonly description: string;
  readonly headers: Readonly<Record<string, Ref>>;
  readonly content?: Readonly<Record<string, PageMedia>>;
}

export interface PageParameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly required: boolean;
  readonly description: string;
  readonly schema: JsonSchema;
  readonly example: unknown;
}

export interface PageOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly PageParameter[];
  readonly requestBody?: {
    readonly required: boolean;
    readonly content: Readonly<Record<string, PageMedia>>;
  };
  readonly responses: Readonly<Record<string, PageResponse | Ref>>;
  readonly "x-node-sdk"?: string;
}

export interface PageDocument {
  readonly info: { readonly version: string; readonly description: string };
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, PageOperation>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, { readonly description: string }>>;
    readonly responses: Readonly<Record<string, PageResponse>>;
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly headers: Readonly<Record<string, PageHeader>>;
  };
}

export interface RoutedOperation extends PageOperation {
  readonly method: string;
  readonly path: string;
}

export const nameOfRef = ({ $ref }: Ref) => $ref.slice($ref.lastIndexOf("/") + 1);

export const isRef = (value: object): value is Ref => "$ref" in value && Object.keys(value).length === 1;
