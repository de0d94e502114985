/** A sample of each failure, as the code answers it. */
import { ERROR_DESCRIPTIONS } from "../src/error-docs/descriptions.ts";
import type { ErrorBody } from "../src/error-docs/error-body.ts";
import { failureResponse } from "../src/error-response.ts";
import type { Failure } from "../src/errors.ts";
import { HEADERS } from "./headers.ts";

export type ErrorType = Failure["type"];

export const ERROR_TYPES = Object.keys(ERROR_DESCRIPTIONS) as ErrorType[];

/** A deployment as good as any: the examples have its address. */
const REQUEST = { url: "https://postern.example.com/" };

export interface SampleResponse {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: ErrorBody;
}

/** The answer to a failure of this type. `status`: if it is not the type's own. */
export async function sampleResponse(type: ErrorType, status?: 503): Promise<SampleResponse> {
  const response = failureResponse(
    ERROR_DESCRIPTIONS[type].sample,
    REQUEST,
    HEADERS["X-Request-Id"].example,
    status,
  );
  const body = (await response.json()) as ErrorBody;
  return { status: response.status, headers: [...response.headers.keys()], body };
}

/** What the type is called on the wire: a type of Stytch's keeps its name. */
export const wireName = (type: ErrorType) => (type === "upstream_bad_request" ? "a type of Stytch's" : type);
