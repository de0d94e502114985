/** What the sandbox holds and answers: JSON, with the few fields that it reads itself typed. */

export type Json = string | number | boolean | null | Json[] | JsonObject;

export interface JsonObject {
  [key: string]: Json;
}

export interface Organization extends JsonObject {
  organization_id: string;
  organization_name: string;
  organization_slug: string;
}

export interface Member extends JsonObject {
  member_id: string;
  organization_id: string;
  email_address: string;
  status: string;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
