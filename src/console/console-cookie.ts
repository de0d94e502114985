/**
 * The cookie of an operator who signed in to the console: `v1.<expiry>.<MAC>`. The expiry is in seconds since the epoch,
 * and the MAC (HMAC-SHA-256) covers everything before it. Nothing is stored, so signing out ends no copy of the cookie;
 * a change of `ADMIN_TOKEN` or `KEY_SECRET` ends all cookies, since the key of the MAC is derived from both.
 */

/** The prefix makes browsers refuse it from another host, over plain HTTP, or for a part of the paths (RFC 6265bis). */
const COOKIE_NAME = "__Host-postern";
const COOKIE_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict";
const CONSOLE_SESSION_SECONDS = 43_200;

const COOKIE_HEADER = new RegExp(`(?:^|;)\\s*${COOKIE_NAME}=([^;]*)`);
/** 10 digits last until the year 2286. */
const COOKIE_VALUE = /^(v1\.(\d{10}))\.([0-9a-f]{64})$/;

/** The header that makes a browser forget the cookie. */
export const CLEARED_COOKIE = `${COOKIE_NAME}=; Max-Age=0; ${COOKIE_ATTRIBUTES}`;

export type PresentedCookie =
  | { readonly kind: "absent" }
  /** Forged, ended, or of an earlier `ADMIN_TOKEN` or `KEY_SECRET`. */
  | { readonly kind: "invalid" }
  /** `expiresAt`: ms since the epoch. */
  | { readonly kind: "valid"; readonly expiresAt: number };

export class ConsoleCookies {
  readonly #keySecret: string;
  readonly #adminToken: string;
  readonly #encoder = new TextEncoder();
  /** The key itself, not the promise of it: a request must not wait for the promise of another request. */
  #macKey: CryptoKey | null = null;

  constructor(keySecret: string, adminToken: string) {
    this.#keySecret = keySecret;
    this.#adminToken = adminToken;
  }

  /** Returns the value of `Set-Cookie` for a session that begins `now`, in ms since the epoch. No I/O. */
  async create(now: number): Promise<string> {
    const signed = `v1.${Math.floor(now / 1_000) + CONSOLE_SESSION_SECONDS}`;
    const mac = await crypto.subtle.sign("HMAC", await this.#key(), this.#encoder.encode(signed));
    const hex = [...new Uint8Array(mac)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${COOKIE_NAME}=${signed}.${hex}; Max-Age=${CONSOLE_SESSION_SECONDS}; ${COOKIE_ATTRIBUTES}`;
  }

  /** Verifies the cookie of a `Cookie` header. The time taken does not depend on the expected MAC. No I/O. */
  async verify(header: string | null, now: number): Promise<PresentedCookie> {
    const presented = COOKIE_HEADER.exec(header ?? "")?.[1];
    if (presented === undefined) return { kind: "absent" };
    const [, signed, seconds, hex] = COOKIE_VALUE.exec(presented) ?? [];
    if (signed === undefined || hex === undefined) return { kind: "invalid" };
    const mac = Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
    const isGenuine = await crypto.subtle.verify(
      "HMAC",
      await this.#key(),
      mac,
      this.#encoder.encode(signed),
    );
    const expiresAt = Number(seconds) * 1_000;
    return isGenuine && now < expiresAt ? { kind: "valid", expiresAt } : { kind: "invalid" };
  }

  /** Derived by HKDF (RFC 5869), so that no MAC of a key can be one of a cookie. */
  async #key(): Promise<CryptoKey> {
    if (this.#macKey !== null) return this.#macKey;
    const bytes = (text: string) => this.#encoder.encode(text);
    const secret = await crypto.subtle.importKey("raw", bytes(this.#keySecret), "HKDF", false, ["deriveKey"]);
    this.#macKey = await crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: bytes(this.#adminToken), info: bytes("postern console") },
      secret,
      { name: "HMAC", hash: "SHA-256", length: 256 },
      false,
      ["sign", "verify"],
    );
    return this.#macKey;
  }
}
