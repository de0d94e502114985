/**
 * Holds an answer of Postern against `openapi.json`: the operation and the status are documented, the documented headers
 * are there in their form, no other header is, and the body matches the schema.
 */
import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";

interface Reference {
  readonly $ref: string;
}

interface HeaderObject {
  readonly required?: boolean;
  readonly schema: object;
}

interface ResponseObject {
  readonly headers: Readonly<Record<string, Reference>>;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

type Responses = Readonly<Record<string, ResponseObject | Reference>>;

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly responses: Responses }>>>>;
  readonly "x-unrouted": Responses;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly headers: Readonly<Record<string, HeaderObject>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
  };
}

export interface SeenAnswer {
  readonly method: string;
  /** The path of the request. */
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** Those of the connection, and of the runtime that serves it. */
const TRANSPORT_HEADERS = [
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
];

/** Files beside the Worker. */
const STATIC_FILE = /^\/(?:console|docs|handover)\/(?!session$)|^\/(?:console|docs|openapi\.json)$/;

/** Returns a check that compiles each schema once. The check returns what is wrong, or null. */
export function createContractCheck(document: Document): (answer: SeenAnswer) => string | null {
  const ajv = new Ajv2020({ strict: false, allErrors: false });
  ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/);
  ajv.addFormat("uuid", /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  ajv.addFormat("uri", (text: string) => URL.canParse(text));
  ajv.addSchema({ $id: "components", $defs: relocate(document.components.schemas) });
  const validators = new Map<object, ValidateFunction>();

  function problemOf(schema: object, value: unknown): string | null {
    let validate = validators.get(schema);
    if (validate === undefined) {
      validate = ajv.compile(relocate(schema));
      validators.set(schema, validate);
    }
    return validate(value) ? null : ajv.errorsText(validate.errors, { dataVar: "value" });
  }

  function headersProblem(headers: Headers, documented: ResponseObject["headers"]): string | null {
    const names = new Set([...TRANSPORT_HEADERS, "content-type"]);
    for (const [name, { $ref }] of Object.entries(documented)) {
      names.add(name.toLowerCase());
      const { required, schema } = document.components.headers[nameOf($ref)] ?? { schema: {} };
      const value = headers.get(name);
      if (value === null && required) return `the header ${name} is missing`;
      const problem = value === null ? null : problemOf(schema, value);
      if (problem !== null) return `the header ${name} is "${value}": ${problem}`;
    }
    const unknown = [...headers.keys()].find((name) => !names.has(name));
    return unknown === undefined ? null : `the header ${unknown} is not documented`;
  }

  function bodyProblem({ method, headers, body }: SeenAnswer, content: ResponseObject["content"] = {}) {
    const type = headers.get("Content-Type")?.split(";")[0] ?? null;
    const media = content[type ?? ""];
    if (Object.keys(content).length === 0)
      return body === "" ? null : "it has a body, and none is documented";
    if (media === undefined) return `the type of its body, ${type}, is not documented`;
    if (method === "HEAD") return body === "" ? null : "an answer to HEAD has a body";
    return problemOf(media.schema, type === "application/json" ? JSON.parse(body) : body);
  }

  return (answer) => {
    const { method, path, status } = answer;
    if (STATIC_FILE.test(path) || isPreflight(answer)) return null;
    const operation = findOperation(document, method, path);
    const found = (operation?.responses ?? document["x-unrouted"])[status];
    const response =
      found !== undefined && "$ref" in found ? document.components.responses[nameOf(found.$ref)] : found;
    const problem =
      response === undefined
        ? operation === null
          ? "the path or method is not documented, and the answer does not say so"
          : "the status is not documented"
        : (headersProblem(answer.headers, response.headers) ?? bodyProblem(answer, response.content));
    return problem === null ? null : `${method} ${path} ${status}: ${problem}`;
  };
}

/** Not documented: browsers ask by themselves. */
const isPreflight = ({ method, status }: SeenAnswer) => method === "OPTIONS" && status === 204;

const nameOf = (ref: string) => ref.slice(ref.lastIndexOf("/") + 1);

/** References into the document become references into one schema that has all the others. */
const relocate = <T extends object>(schema: T): T =>
  JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", "components#/$defs/")) as T;

/** A path without parameters comes before one that matches with them, as in the router. */
function findOperation({ paths }: Document, method: string, path: string) {
  const name = method === "HEAD" ? "get" : method.toLowerCase();
  const normal = path.replace(/^\/+/, "/");
  const patterns = Object.keys(paths).sort((a, b) => a.split("{").length - b.split("{").length);
  for (const pattern of patterns) {
    const source = pattern.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]*");
    const operation = paths[pattern]?.[name];
    if (operation !== undefined && new RegExp(`^${source}$`).test(normal)) return operation;
  }
  return null;
}

/** The check by the committed document. */
export const createCommittedCheck = () =>
  createContractCheck(JSON.parse(readFileSync("openapi.json", "utf8")) as Document);
