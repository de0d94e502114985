/** The answers to failures: everything follows from the code that makes them, given a sample of each failure. */
import { ERROR_DESCRIPTIONS } from "../src/error-docs/descriptions.ts";
import { ABOUT_REQUEST } from "../src/stytch/schemas/error-schema.ts";
import {
  ERROR_TYPES,
  type ErrorType,
  type SampleResponse,
  sampleResponse,
  wireName,
} from "./error-samples.ts";
import { ALWAYS } from "./error-sets.ts";
import { HEADERS, type HeaderName, headerRefs } from "./headers.ts";
import type { Operation } from "./operation.ts";
import { schemaRef } from "./schemas.ts";

export async function errorExamples() {
  const examples = ERROR_TYPES.map(async (type) => {
    const { body } = await sampleResponse(type);
    return [type, { summary: ERROR_DESCRIPTIONS[type].meaning, value: body }] as const;
  });
  return Object.fromEntries(await Promise.all(examples));
}

function errorTypeSchema(types: readonly ErrorType[]) {
  const own = types.filter((type) => type !== "upstream_bad_request");
  if (!types.includes("upstream_bad_request")) return { enum: own };
  const ofStytch = { pattern: ABOUT_REQUEST.source };
  return own.length === 0 ? ofStytch : { anyOf: [{ enum: own }, ofStytch] };
}

/** The headers that each of the answers has, and those that only some have. `isBeforeKey`: a failure may come before the key is looked at. */
function headersOf(
  responses: readonly SampleResponse[],
  { isForCallers, isKeyed }: Audience,
  isBeforeKey: boolean,
) {
  const has =
    (key: HeaderName) =>
    ({ headers }: SampleResponse) =>
      headers.includes(HEADERS[key].name.toLowerCase());
  const known = (["WWW-Authenticate", "Allow", "Retry-After"] as const).filter((key) =>
    responses.some(has(key)),
  );
  const required = known.filter((key) => responses.every(has(key)));
  const optional = known.filter((key) => !required.includes(key));
  return {
    required: [...required, ...(isKeyed && !isBeforeKey ? (["Vary"] as const) : [])],
    optional: [
      ...optional,
      ...(isKeyed ? (["RateLimit-Policy", "RateLimit"] as const) : []),
      ...corsHeaders(isForCallers),
    ],
  };
}

export type Audience = Pick<Operation, "isForCallers" | "isKeyed">;

export const corsHeaders = (isForCallers: boolean): HeaderName[] =>
  isForCallers
    ? ["Vary-Origin", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Timing-Allow-Origin"]
    : [];

const EVERY_ANSWER = ["X-Request-Id", "Date"] as const;

async function errorResponse(status: number, types: readonly ErrorType[], audience: Audience, own?: 503) {
  const responses = await Promise.all(types.map(async (type) => await sampleResponse(type, own)));
  const { required, optional } = headersOf(responses, audience, types.includes("misconfigured"));
  return {
    description: types.map((type) => (type === wireName(type) ? `\`${type}\`` : wireName(type))).join(", "),
    headers: headerRefs([...EVERY_ANSWER, "Cache-Control", ...required], optional),
    content: {
      "application/json": {
        schema: {
          ...schemaRef("Error"),
          properties: { status_code: { const: status }, error_type: errorTypeSchema(types) },
        },
        examples: Object.fromEntries(
          types.map((type, index) => [
            type,
            own === undefined ? { $ref: `#/components/examples/${type}` } : { value: responses[index]?.body },
          ]),
        ),
      },
    },
  };
}

/** By status. `errorStatus`: the types whose status is not their own here. */
export async function errorResponses(
  errors: readonly ErrorType[],
  audience: Audience,
  errorStatus: Operation["errorStatus"] = {},
) {
  const types = ERROR_TYPES.filter((type) => errors.includes(type) || ALWAYS.includes(type));
  const byStatus = new Map<number, ErrorType[]>();
  for (const type of types) {
    const status = errorStatus[type] ?? (await sampleResponse(type)).status;
    byStatus.set(status, [...(byStatus.get(status) ?? []), type]);
  }
  const responses = [...byStatus].map(async ([status, ofStatus]) => {
    const own = ofStatus.some((type) => errorStatus[type] === 503) ? 503 : undefined;
    return [status, await errorResponse(status, ofStatus, audience, own)] as const;
  });
  return Object.fromEntries(await Promise.all(responses));
}
