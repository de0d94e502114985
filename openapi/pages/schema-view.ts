/** JSON Schema in words: what a field may hold, and tables of fields. */
import { html } from "hono/html";
import type { JsonSchema } from "../clean-schema.ts";
import { type Html, rich } from "./layout.ts";
import { nameOfRef } from "./shapes.ts";

type Part = string | Html | readonly Part[];

export const schemaLink = (name: string) => html`<a href="#schema-${name}">${name}</a>`;

const FORMATS: Readonly<Record<string, string>> = {
  "date-time": "time (RFC 3339)",
  uuid: "UUID",
  uri: "URL",
};

/** What a value may be, in a few words. */
export function typeOf(schema: JsonSchema): Part {
  if (typeof schema["$ref"] === "string") return schemaLink(nameOfRef({ $ref: schema["$ref"] }));
  const options = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(options)) return joined(options as JsonSchema[], " or ");
  if ("const" in schema) return html`<code>${JSON.stringify(schema["const"])}</code>`;
  if (Array.isArray(schema["enum"]))
    return schema["enum"].map((value, index) => [index > 0 ? ", " : "", html`<code>${value}</code>`]);
  const { type, format, items } = schema;
  if (type === "array") return ["list of ", typeOf((items ?? {}) as JsonSchema)];
  if (typeof format === "string") return FORMATS[format] ?? format;
  return [typeof type === "string" ? type : "any value", boundsOf(schema)];
}

const joined = (schemas: readonly JsonSchema[], separator: string): Part =>
  schemas.map((schema, index) => [index > 0 ? separator : "", typeOf(schema)]);

function boundsOf({ minimum, maximum, minLength, maxLength }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, at least ${minimum}`;
  if (minLength !== undefined && maxLength !== undefined)
    return ` of ${minLength} to ${maxLength} characters`;
  return maxLength === undefined ? "" : ` of at most ${maxLength} characters`;
}

interface Field {
  readonly name: string;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
}

/** The fields of an object, those of nested objects included, by dot paths. */
function fieldsOf(schema: JsonSchema, prefix = ""): Field[] {
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const properties = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  return properties.flatMap(([key, field]) => {
    const name = `${prefix}${key}`;
    return [{ name, schema: field, isRequired: required.includes(key) }, ...nestedFields(field, name)];
  });
}

function nestedFields(schema: JsonSchema, name: string): Field[] {
  const options = Array.isArray(schema["anyOf"]) ? (schema["anyOf"] as JsonSchema[]) : [schema];
  return options.flatMap((option) => {
    if (option["type"] === "array") return nestedFields((option["items"] ?? {}) as JsonSchema, `${name}[]`);
    return option["properties"] === undefined ? [] : fieldsOf(option, `${name}.`);
  });
}

export const fallbackOf = ({ default: fallback }: JsonSchema) =>
  fallback === undefined ? "" : [" Default: ", html`<code>${JSON.stringify(fallback)}</code>.`];

/** A table of the fields of an object. */
export function fieldTable(schema: JsonSchema) {
  const rows = fieldsOf(schema).map(({ name, schema: field, isRequired }) => {
    const { description } = field;
    const text = typeof description === "string" ? `${description}.` : "";
    return html`<tr><th scope="row"><code>${name}</code></th><td>${typeOf(field)}</td><td>${isRequired ? "always" : "optional"}</td><td>${rich(text)}${fallbackOf(field)}</td></tr>`;
  });
  return html`<div class="table-scroll" tabindex="0"><table><thead><tr><th scope="col">Field</th><th scope="col">Value</th><th scope="col">Present</th><th scope="col">Meaning</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}
