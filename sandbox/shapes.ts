/** The JSON that the sandbox stores and serves. Only the fields that the sandbox itself reads have a type. */

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

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
