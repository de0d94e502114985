/** `openapi.json`, and what it is made from. That it is true, the end-to-end tests show. */
import { readFileSync } from "node:fs";
import { type Schema, Validator } from "@cfworker/json-schema";
import { expect, test } from "vitest";
import { cleanSchema } from "../../openapi/clean-schema.ts";
import { createDocument, formatDocument } from "../../openapi/document.ts";
import { errorResponses } from "../../openapi/error-responses.ts";
import { ERROR_TYPES, sampleResponse } from "../../openapi/error-samples.ts";
import { withErrorsTable } from "../../openapi/errors-table.ts";
import { handoverBody, linkedKey } from "../../openapi/examples.ts";
import { OPERATIONS } from "../../openapi/operations/all.ts";
import { componentSchemas } from "../../openapi/schemas.ts";
import { shareResponses } from "../../openapi/shared-responses.ts";

const ADVICE = "out of date: run npm run openapi";

test("the committed openapi.json is what the code generates", async () => {
  const isCurrent = readFileSync("openapi.json", "utf8") === formatDocument(await createDocument());
  expect(isCurrent, ADVICE).toBe(true);
});

test("the table of docs/errors.md is what the code generates", async () => {
  const page = readFileSync("docs/errors.md", "utf8");
  expect((await withErrorsTable(page)) === page, ADVICE).toBe(true);
});

test("every reference of the document leads somewhere", async () => {
  const document: unknown = await createDocument();
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = ""]) => path);
  const missing = refs.filter((path) => {
    let value = document;
    for (const name of path.split("/")) value = (value as Record<string, unknown> | undefined)?.[name];
    return value === undefined;
  });
  expect(missing).toEqual([]);
});

test("every operation has an ID of its own", () => {
  expect(new Set(OPERATIONS.map(({ id }) => id)).size).toBe(OPERATIONS.length);
});

test("an operator comes by token, Access or cookie, and nobody else by the last two", () => {
  const waysTo = (isForOperators: boolean) => {
    const those = OPERATIONS.filter(
      ({ path, id }) => (path.startsWith("/admin/") || id === "show_sign_in") === isForOperators,
    );
    return new Set(those.map(({ security }) => security.join()));
  };
  expect([...waysTo(true)]).toEqual(["adminToken,access,consoleCookie"]);
  expect([...waysTo(false)].join()).not.toMatch(/access|consoleCookie|adminToken/);
});

test("every error type can occur somewhere", async () => {
  const { paths, components, "x-unrouted": unrouted } = await createDocument();
  const text = JSON.stringify([paths, components.responses, unrouted]);
  const unused = ERROR_TYPES.filter((type) => !text.includes(`"#/components/examples/${type}"`));
  expect(unused).toEqual([]);
});

test("every example of a body matches its schema", () => {
  const components = "https://openapi.test/components";
  const relocate = (schema: object) =>
    JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", `${components}#/$defs/`)) as Schema;
  const all = { $id: components, $defs: relocate(componentSchemas()) };
  const bodies = OPERATIONS.flatMap(({ id, body, answers }) => [
    ...(body === undefined ? [] : [{ id, schema: body.schema, values: [body.example] }]),
    ...Object.values(answers).flatMap(({ content = {} }) =>
      Object.values(content).map(({ schema, example, examples }) => ({
        id,
        schema,
        values: examples === undefined ? [example] : Object.values(examples).map(({ value }) => value),
      })),
    ),
  ]);
  const problems = bodies.flatMap(({ id, schema, values }) => {
    const names = typeof schema === "string" ? [schema] : schema;
    const validator = new Validator(
      Array.isArray(names)
        ? { oneOf: names.map((name) => ({ $ref: `${components}#/$defs/${name}` })) }
        : names,
      "2020-12",
    );
    validator.addSchema(all as Schema);
    return values.flatMap((value) => validator.validate(value).errors.map(({ error }) => `${id}: ${error}`));
  });
  expect(problems).toEqual([]);
});

test("the token of a link has the form of one in every example", () => {
  const token = /^handover_[0-9a-z]{16}_[0-9a-z]{52}$/;
  expect(handoverBody.token).toMatch(token);
  expect(new URL(linkedKey.handover_url).hash.slice(1)).toMatch(token);
});

test("failures of a status share a response, with the headers that each of them has", async () => {
  const responses = await errorResponses(
    ["missing_key", "invalid_key", "insufficient_scope", "ip_not_allowed"],
    {
      isForCallers: false,
      isKeyed: true,
    },
  );
  expect(Object.keys(responses)).toEqual(["401", "403", "500"]);
  const headerOf = (status: string) => responses[status]?.headers["WWW-Authenticate"]?.$ref;
  expect(headerOf("401")).toBe("#/components/headers/WWW-Authenticate");
  expect(headerOf("403")).toBe("#/components/headers/WWW-Authenticate-Optional");
  expect(headerOf("500")).toBeUndefined();
  const schema = responses["401"]?.content["application/json"].schema.properties;
  expect(schema).toEqual({
    status_code: { const: 401 },
    error_type: { enum: ["missing_key", "invalid_key"] },
  });
});

test("a status that is not the failure's own is in its example, too", async () => {
  const audience = { isForCallers: true, isKeyed: false };
  const responses = await errorResponses([], audience, { misconfigured: 503 });
  expect(Object.keys(responses)).toEqual(["500", "503"]);
  const { examples } = responses["503"]?.content["application/json"] ?? {};
  expect(examples).toMatchObject({ misconfigured: { value: { status_code: 503 } } });
});

test("the sample of every failure answers in the shape of an error", async () => {
  for (const type of ERROR_TYPES) {
    const { status, body } = await sampleResponse(type);
    expect(body.status_code).toBe(status);
    expect(body.error_url).toMatch(
      type === "upstream_bad_request" ? /^https:\/\/stytch\.com\// : `/docs/errors#${type}`,
    );
  }
});

test("a schema loses what only JavaScript means, and nothing else", () => {
  const schema = {
    $schema: "x",
    $id: "y",
    type: "object",
    properties: {
      id: { type: "string", pattern: "^a$" },
      pattern: { type: "string", format: "date-time", pattern: "long" },
      count: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    },
  };
  expect(cleanSchema(schema)).toEqual({
    type: "object",
    properties: {
      id: { type: "string", pattern: "^a$" },
      pattern: { type: "string", format: "date-time" },
      count: { type: "integer", minimum: 0 },
    },
  });
});

test("an answer that two operations give is written once, under the name of the first", () => {
  const operations = [
    {
      operationId: "a",
      responses: { 200: { description: "A" }, 500: { description: "E" } } as Record<string, unknown>,
    },
    { operationId: "b", responses: { 500: { description: "E" } } as Record<string, unknown> },
  ];
  expect(shareResponses(operations)).toEqual({ a_500: { description: "E" } });
  expect(operations.map(({ responses }) => responses)).toEqual([
    { 200: { description: "A" }, 500: { $ref: "#/components/responses/a_500" } },
    { 500: { $ref: "#/components/responses/a_500" } },
  ]);
});
