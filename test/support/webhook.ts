/** Webhook requests as Svix sends them, and the secrets that sign them. */
import { Webhook } from "standardwebhooks";
import { declareSecret } from "./egress.ts";

export const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
export const NEXT_SECRET = `whsec_${btoa("the next one, of 24 byte")}`;
for (const secret of [SECRET, NEXT_SECRET]) {
  declareSecret(secret);
  declareSecret(secret.slice("whsec_".length));
}

/** Options of `TestIsolate.call` for a webhook with a valid signature of `secret`. */
export function signed(body: unknown, secret = SECRET, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const id = `msg_${crypto.randomUUID()}`;
  const now = new Date();
  return {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "svix-id": id,
      "svix-timestamp": String(Math.floor(now.getTime() / 1_000)),
      "svix-signature": new Webhook(secret).sign(id, now, text),
      ...headers,
    },
    body: text,
  };
}
