/** The cookie of the console: what it holds, and which cookies are refused. */
import { expect, test } from "vitest";
import { ConsoleCookies } from "../../src/console/console-cookie.ts";
import { NOW } from "../support/clock.ts";

const KEY_SECRET = "a-key-secret-of-this-test-0123456789";
const ADMIN_TOKEN = "an-admin-token-of-this-test-0123456789";
const TWELVE_HOURS_MS = 43_200_000;

const cookies = new ConsoleCookies(KEY_SECRET, ADMIN_TOKEN);
const cookieOf = (header: string) => header.split(";")[0] ?? "";
const created = async (from = cookies) => cookieOf(await from.create(NOW));

test("the cookie is bound to the host, hidden from scripts, and ends after 12 hours", async () => {
  const [pair, ...attributes] = (await cookies.create(NOW)).split("; ");
  expect(pair).toMatch(/^__Host-postern=v1\.1800043200\.[0-9a-f]{64}$/);
  expect(attributes.toSorted()).toEqual(
    ["HttpOnly", "Max-Age=43200", "Path=/", "SameSite=Strict", "Secure"].toSorted(),
  );
});

test("the cookie holds neither secret", async () => {
  const cookie = await cookies.create(NOW);
  for (const secret of [KEY_SECRET, ADMIN_TOKEN]) {
    expect(cookie).not.toContain(secret);
    expect(cookie).not.toContain(btoa(secret));
  }
});

test("the cookie is accepted up to its end, and not at its end", async () => {
  const cookie = await created();
  const end = NOW + TWELVE_HOURS_MS;
  expect(await cookies.verify(cookie, NOW)).toEqual({ kind: "valid", expiresAt: end });
  expect((await cookies.verify(cookie, end - 1)).kind).toBe("valid");
  expect((await cookies.verify(cookie, end)).kind).toBe("invalid");
});

test.each([
  ["KEY_SECRET", new ConsoleCookies(`${KEY_SECRET}x`, ADMIN_TOKEN)],
  ["ADMIN_TOKEN", new ConsoleCookies(KEY_SECRET, `${ADMIN_TOKEN}x`)],
  ["both, exchanged", new ConsoleCookies(ADMIN_TOKEN, KEY_SECRET)],
])("a change of %s ends the cookie", async (_, changed) => {
  expect((await changed.verify(await created(), NOW)).kind).toBe("invalid");
  expect((await changed.verify(await created(changed), NOW)).kind).toBe("valid");
});

test("the cookie is found among others, and no other name is taken for it", async () => {
  const cookie = await created();
  for (const header of [`a=b; ${cookie}`, `${cookie}; a=b`, `a=b;${cookie}`, `a="x;y"; ${cookie}`]) {
    expect((await cookies.verify(header, NOW)).kind).toBe("valid");
  }
  const value = cookie.slice("__Host-postern=".length);
  for (const header of [
    null,
    "",
    `postern=${value}`,
    `x__Host-postern=${value}`,
    `a=__Host-postern=${value}`,
  ]) {
    expect((await cookies.verify(header, NOW)).kind).toBe("absent");
  }
});

test("a cookie with any character changed, added or removed is refused", async () => {
  const cookie = await created();
  const start = "__Host-postern=".length;
  const forged = [...cookie.slice(start)].flatMap((character, index) => {
    const at = start + index;
    const [before, after] = [cookie.slice(0, at), cookie.slice(at + 1)];
    return [
      `${before}${character === "0" ? "1" : "0"}${after}`,
      before + after,
      `${before}0${character}${after}`,
    ];
  });
  for (const other of [
    ...forged,
    `${cookie}0`,
    "__Host-postern=",
    "__Host-postern=v1",
    `${cookie.toUpperCase()}`,
  ]) {
    expect((await cookies.verify(other, NOW)).kind, other).not.toBe("valid");
  }
});
