/** The admin API of keys. */

import type { IssuedKey } from "../../src/keys/key-answers.ts";
import { ADMIN, ADMIN_KEY, ADMIN_LIST } from "../error-sets.ts";
import * as examples from "../examples.ts";
import type { Answer, Operation } from "../operation.ts";
import { pathParameters, queryParametersOf } from "../parameters.ts";
import { adminOperation, jsonAnswer } from "./admin-operation.ts";

const keyId = pathParameters("{key_id}");

const BY_LINK =
  "With `handover_seconds` the answer has `handover_url` in place of `key`: a page that shows the key once, to whoever opens it first.";

const issuedAnswer = (description: string, key: IssuedKey): Answer => ({
  description,
  headers: [],
  content: {
    "application/json": {
      schema: ["IssuedKey", "LinkedKey"],
      examples: {
        key: { summary: "The key itself", value: key },
        link: { summary: "With `handover_seconds`", value: examples.linkedKey },
      },
    },
  },
});

const IN_FORCE = "The change is in force everywhere within `LEASE_SECONDS`.";

export const KEY_OPERATIONS: readonly Operation[] = [
  adminOperation({
    id: "create_key",
    method: "post",
    path: "/admin/keys",
    tag: "Keys",
    summary: "Create a key",
    description: `The answer shows the key, and nothing else ever does. ${BY_LINK}`,
    parameters: [],
    body: { schema: "KeyCreation", example: examples.keyCreation, required: true },
    answers: { 201: issuedAnswer("The record and the key.", examples.issuedKey) },
    errors: [...ADMIN, "invalid_request", "key_service_unavailable"],
  }),
  adminOperation({
    id: "list_keys",
    method: "get",
    path: "/admin/keys",
    tag: "Keys",
    summary: "List keys",
    description: "A page of the keys of the deployment's project, newest first.",
    parameters: queryParametersOf("keyList"),
    answers: { 200: jsonAnswer("A page.", "KeyPage", examples.keyPage) },
    errors: ADMIN_LIST,
  }),
  adminOperation({
    id: "show_key",
    method: "get",
    path: "/admin/keys/{key_id}",
    tag: "Keys",
    summary: "Show a key",
    description: "Its record, as the key's own object has it.",
    parameters: keyId,
    answers: { 200: jsonAnswer("The record.", "KeyRecord", examples.keyRecord) },
    errors: ADMIN_KEY,
  }),
  adminOperation({
    id: "edit_key",
    method: "patch",
    path: "/admin/keys/{key_id}",
    tag: "Keys",
    summary: "Edit a key",
    description: `A field that is absent does not change. ${IN_FORCE}`,
    parameters: keyId,
    body: { schema: "KeyEdit", example: examples.keyEdit, required: true },
    answers: { 200: jsonAnswer("The record.", "KeyRecord", examples.editedKey) },
    errors: [...ADMIN_KEY, "invalid_request"],
  }),
  adminOperation({
    id: "revoke_key",
    method: "delete",
    path: "/admin/keys/{key_id}",
    tag: "Keys",
    summary: "Revoke a key",
    description: `Final, and may be repeated. ${IN_FORCE}`,
    parameters: keyId,
    answers: { 200: jsonAnswer("The record.", "KeyRecord", examples.revokedKey) },
    errors: ADMIN_KEY,
  }),
  adminOperation({
    id: "rotate_key",
    method: "post",
    path: "/admin/keys/{key_id}/rotate",
    tag: "Keys",
    summary: "Rotate a key",
    description: `Issues a new key. The old one works until the overlap ends. ${BY_LINK}`,
    parameters: keyId,
    body: { schema: "KeyRotation", example: examples.keyRotation, required: false },
    answers: { 200: issuedAnswer("The record and the new key.", examples.rotatedKey) },
    errors: [...ADMIN_KEY, "invalid_request"],
  }),
  adminOperation({
    id: "show_key_usage",
    method: "get",
    path: "/admin/keys/{key_id}/usage",
    tag: "Keys",
    summary: "Count the calls of a key by the hour",
    description: "Complete within 2 × `LEASE_SECONDS` of the calls, if the key is still in use.",
    parameters: [...keyId, ...queryParametersOf("usage")],
    answers: { 200: jsonAnswer("The hours with traffic.", "KeyUsage", examples.keyUsage) },
    errors: [...ADMIN_KEY, "invalid_request"],
  }),
  {
    id: "open_handover",
    method: "get",
    path: "/handover",
    tag: "Keys",
    summary: "Open a link that hands over a key",
    description: "Leads to the page that reads the token from the fragment of the link, and asks on a click.",
    security: [],
    parameters: [],
    answers: { 302: { description: "To the page.", headers: ["Location"] } },
    errors: [],
    isForCallers: false,
    isKeyed: false,
  },
  {
    id: "take_handover",
    method: "post",
    path: "/handover",
    tag: "Keys",
    summary: "Take over a key",
    description:
      "Shows the key of a link, once. The page at `/handover` makes this call on a click. No credentials are needed but the token of the link.",
    security: [],
    parameters: [],
    body: { schema: "HandoverBody", example: examples.handoverBody, required: true },
    answers: { 200: jsonAnswer("The key and its record.", "HandedOverKey", examples.handedOverKey) },
    errors: [
      "handover_not_found",
      "too_many_requests",
      "cross_site_request",
      "invalid_request",
      "key_service_unavailable",
    ],
    isForCallers: false,
    isKeyed: false,
  },
];
