/**
 * Holds an answer of Postern against `openapi.json`: the operation and the status are documented, the documented headers
 * are there in their form, no other header is, and the body matches the schema.
 */
import { dereference, type Schema, validate } from "@cfworker/json-schema";
import committed from "../../openapi.json";

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

/** They have only the errors of what is below them. */
const PARENT_KEYWORDS = ["$ref", "properties", "items", "anyOf", "oneOf"];

/** Files beside the Worker. */
const STATIC_FILE = /^\/(?:console|docs|handover|static)\/(?!session$)|^\/(?:console|docs|openapi\.json)$/;

/**
 * Returns a check that says what is wrong, or null. Its validator interprets the schemas, since Workers do not compile
 * code at run time.
 */
function createContractCheck(document: Document): (answer: SeenAnswer) => string | null {
  const findOperation = createOperationFinder(document);
  const lookup = dereference({ $id: COMPONENTS, $defs: relocate(document.components.schemas) });
  const known = new Map<object, Schema>();
  /** Many callers get the same answer. */
  const passed = new Map<object, Set<string>>();

  function problemOf(schema: object, text: string, isJson: boolean): string | null {
    const texts = passed.get(schema) ?? new Set();
    passed.set(schema, texts);
    if (texts.has(text)) return null;
    const problem = problemOfValue(schema, isJson ? JSON.parse(text) : text);
    if (problem === null) texts.add(text);
    return problem;
  }

  function problemOfValue(schema: object, value: unknown): string | null {
    let relocated = known.get(schema);
    if (relocated === undefined) {
      relocated = { ...relocate(schema), $id: `${COMPONENTS}/${known.size}` };
      dereference(relocated, lookup);
      known.set(schema, relocated);
    }
    const { valid, errors } = validate(value, relocated, "2020-12", lookup);
    if (valid) return null;
    const leaves = errors.filter(({ keyword }) => !PARENT_KEYWORDS.includes(keyword));
    return leaves.map(({ instanceLocation, error }) => `${instanceLocation} ${error}`).join(" ");
  }

  function headersProblem(headers: Headers, documented: ResponseObject["headers"]): string | null {
    const names = new Set([...TRANSPORT_HEADERS, "content-type"]);
    for (const [name, { $ref }] of Object.entries(documented)) {
      names.add(name.toLowerCase());
      const { required, schema } = document.components.headers[nameOf($ref)] ?? { schema: {} };
      const value = headers.get(name);
      if (value === null && required) return `the header ${name} is missing`;
      const problem = value === null ? null : problemOf(schema, value, false);
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
    return problemOf(media.schema, body, type === "application/json");
  }

  return (answer) => {
    const { method, path, status } = answer;
    if (STATIC_FILE.test(path) || isPreflight(answer)) return null;
    const operation = findOperation(method, path);
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

/** Where a validator finds one schema that has all the others. */
const COMPONENTS = "https://openapi.test/components";

const relocate = <T extends object>(schema: T): T =>
  JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", `${COMPONENTS}#/$defs/`)) as T;

/** A path without parameters comes before one that matches with them, as in the router. */
function createOperationFinder({ paths }: Document) {
  const patterns = Object.keys(paths).sort((a, b) => a.split("{").length - b.split("{").length);
  const known = patterns.map((pattern) => {
    const source = pattern.replace(/[.]/g, "\\.").replace(/\{\w+\}/g, "[^/]*");
    return { matcher: new RegExp(`^${source}$`), operations: paths[pattern] ?? {} };
  });
  return (method: string, path: string) => {
    const name = method === "HEAD" ? "get" : method.toLowerCase();
    const normal = path.replace(/^\/+/, "/");
    const found = known.find(
      ({ matcher, operations }) => operations[name] !== undefined && matcher.test(normal),
    );
    return found?.operations[name] ?? null;
  };
}

/** By the committed document. */
export const checkContract = createContractCheck(committed as unknown as Document);
