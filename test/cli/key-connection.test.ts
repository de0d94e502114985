import { expect, test, vi } from "vitest";
import { connectionFrom } from "../../cli/connection.ts";

const URL_ = "https://postern.example.workers.dev";
const local = () => "local-token";
const none = () => null;

test("options go before the environment", () => {
  const env = { POSTERN_URL: "https://other.example", POSTERN_ADMIN_TOKEN: "env-token" };
  expect(connectionFrom({ url: `${URL_}/`, token: "t" }, env, none)).toEqual({
    origin: URL_,
    token: "t",
    from: "operator",
  });
  expect(connectionFrom({}, env, none)).toEqual({
    origin: "https://other.example",
    token: "env-token",
    from: "operator",
  });
});

test.each([
  [{}, "http://127.0.0.1:8787"],
  [{ PORT: "9123" }, "http://127.0.0.1:9123"],
  [{ POSTERN_URL: "", POSTERN_ADMIN_TOKEN: "", PORT: "" }, "http://127.0.0.1:8787"],
  [{ POSTERN_URL: "http://127.0.0.1:8787/" }, "http://127.0.0.1:8787"],
])("with nothing but %j, it is the Postern of npm start", (env, origin) => {
  expect(connectionFrom({}, env, local)).toEqual({ origin, token: "local-token", from: "npm start" });
});

test.each([
  URL_,
  "http://127.0.0.1:9999",
  "http://localhost:8787",
  "https://127.0.0.1:8787",
  "http://127.0.0.1.example:8787",
])("the local token is not even read for %s", (url) => {
  const read = vi.fn(local);
  expect(() => connectionFrom({ url }, {}, read)).toThrow(/missing|https/);
  expect(() => connectionFrom({}, { POSTERN_URL: url }, read)).toThrow(/missing|https/);
  expect(read).not.toHaveBeenCalled();
});

test("a token without an address goes nowhere, the local Postern included", () => {
  expect(() => connectionFrom({ token: "t" }, {}, local)).toThrow("address is missing");
});

test("with neither, and nothing local, it says what to set", () => {
  expect(() => connectionFrom({}, {}, none)).toThrow(/POSTERN_URL.*POSTERN_ADMIN_TOKEN.*npm start/);
});

test.each([
  "postern.example",
  "ftp://postern.example",
  `${URL_}/admin`,
  `${URL_}/?x=1`,
  "https://user:hunter2@postern.example",
])("%s is no address, and is not repeated", (url) => {
  const refused = () => connectionFrom({ url, token: "t" }, {}, none);
  expect(refused).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(refused).not.toThrow("hunter2");
});

test("a token goes over plain HTTP to this machine only", () => {
  expect(() => connectionFrom({ url: "http://postern.example", token: "t" }, {}, none)).toThrow("https");
  expect(connectionFrom({ url: "http://[::1]:9", token: "t" }, {}, none).origin).toBe("http://[::1]:9");
});

test.each(["two words", "line\n", "umlaut-ü", " lead"])(
  "the token %j is refused, and not repeated",
  (token) => {
    const refused = () => connectionFrom({ url: URL_, token }, {}, none);
    expect(refused).toThrow("one word");
    expect(refused).not.toThrow(token.trim());
  },
);
