import { expect, test, vi } from "vitest";
import { resolveConnection } from "../../cli/connection.ts";

const URL_ = "https://postern.example.workers.dev";
const localToken = () => "local-token";
const noToken = () => null;

test("options take precedence over the environment", () => {
  const env = { POSTERN_URL: "https://other.example", POSTERN_ADMIN_TOKEN: "env-token" };
  expect(resolveConnection({ url: `${URL_}/`, token: "t" }, env, noToken)).toEqual({
    origin: URL_,
    token: "t",
    tokenSource: "operator",
  });
  expect(resolveConnection({}, env, noToken)).toEqual({
    origin: "https://other.example",
    token: "env-token",
    tokenSource: "operator",
  });
});

test.each([
  [{}, "http://127.0.0.1:8787"],
  [{ PORT: "9123" }, "http://127.0.0.1:9123"],
  [{ POSTERN_URL: "", POSTERN_ADMIN_TOKEN: "", PORT: "" }, "http://127.0.0.1:8787"],
  [{ POSTERN_URL: "http://127.0.0.1:8787/" }, "http://127.0.0.1:8787"],
])("the environment %j leads to the Postern of npm start", (env, origin) => {
  expect(resolveConnection({}, env, localToken)).toEqual({
    origin,
    token: "local-token",
    tokenSource: "npm start",
  });
});

test.each([
  URL_,
  "http://127.0.0.1:9999",
  "http://localhost:8787",
  "https://127.0.0.1:8787",
  "http://127.0.0.1.example:8787",
])("the local token is not read for %s", (url) => {
  const read = vi.fn(localToken);
  expect(() => resolveConnection({ url }, {}, read)).toThrow(/missing|https/);
  expect(() => resolveConnection({}, { POSTERN_URL: url }, read)).toThrow(/missing|https/);
  expect(read).not.toHaveBeenCalled();
});

test("a token without an address is refused, even for the local Postern", () => {
  expect(() => resolveConnection({ token: "t" }, {}, localToken)).toThrow("address is missing");
});

test("without address, token and local Postern, the error says what to set", () => {
  expect(() => resolveConnection({}, {}, noToken)).toThrow(/POSTERN_URL.*POSTERN_ADMIN_TOKEN.*npm start/);
});

test.each([
  "postern.example",
  "ftp://postern.example",
  `${URL_}/admin`,
  `${URL_}/?x=1`,
  "https://user:hunter2@postern.example",
])("the address %s is refused and not repeated", (url) => {
  const refused = () => resolveConnection({ url, token: "t" }, {}, noToken);
  expect(refused).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(refused).not.toThrow("hunter2");
});

test("a token is sent over plain HTTP to loopback addresses only", () => {
  expect(() => resolveConnection({ url: "http://postern.example", token: "t" }, {}, noToken)).toThrow(
    "https",
  );
  expect(resolveConnection({ url: "http://[::1]:9", token: "t" }, {}, noToken).origin).toBe("http://[::1]:9");
});

test.each(["two words", "line\n", "umlaut-ü", " lead"])(
  "the token %j is refused and not repeated",
  (token) => {
    const refused = () => resolveConnection({ url: URL_, token }, {}, noToken);
    expect(refused).toThrow("one word");
    expect(refused).not.toThrow(token.trim());
  },
);
