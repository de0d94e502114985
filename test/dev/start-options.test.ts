import { createServer } from "node:net";
import { expect, test } from "vitest";
import { checkPortFree, chooseSandboxPort, probePort, readStartOptions } from "../../dev/start-options.ts";

test.each([
  [{}, 8787],
  [{ PORT: "" }, 8787],
  [{ PORT: "8961" }, 8961],
  [{ PORT: "65535" }, 65_535],
])("with the environment %j, npm start uses port %i", (env, port) => {
  expect(readStartOptions([], env)).toEqual({ kind: "start", port, hasDemo: false });
});

test("--demo asks for the demo, and goes with PORT", () => {
  expect(readStartOptions(["--demo"], {})).toEqual({ kind: "start", port: 8787, hasDemo: true });
  expect(readStartOptions(["--demo"], { PORT: "8961" })).toMatchObject({ port: 8961, hasDemo: true });
  expect(readStartOptions(["--demo", "--port"], {})).toMatchObject({ kind: "invalid" });
});

test.each(["true", ""])(
  "--demo without -- before it, which npm takes as %j, is refused",
  (npm_config_demo) => {
    expect(readStartOptions([], { npm_config_demo })).toEqual({
      kind: "invalid",
      problem: "npm took --demo for itself. Write: npm start -- --demo",
    });
  },
);

test.each(["0", "65536", "-1", "1.5", "http"])("PORT=%s is refused with the range", (PORT) => {
  expect(readStartOptions([], { PORT })).toEqual({
    kind: "invalid",
    problem: "PORT must be a whole number from 1 to 65535.",
  });
});

test.each([
  [["--port", "8993"], "PORT=8993 npm start"],
  [["--port=8993"], "PORT=8993 npm start"],
  [["-p", "8993"], "PORT=8993 npm start"],
  [["8993"], "PORT=8993 npm start"],
  [["--port", "99999"], "PORT=8987 npm start"],
  [["--verbose"], "PORT=8987 npm start"],
])("the arguments %j are an error that names PORT", (args, example) => {
  expect(readStartOptions(args, {})).toEqual({
    kind: "invalid",
    problem: `npm start takes no argument but --demo. To choose the port, set PORT: ${example}`,
  });
});

test.each(["--help", "-h"])("%s asks for the help, whatever PORT is", (option) => {
  expect(readStartOptions([option], { PORT: "http" })).toEqual({ kind: "help" });
});

const probeOf = (isFree: (port: number) => boolean) => (port: number) =>
  Promise.resolve(isFree(port) ? null : "EADDRINUSE");

test("a taken port is answered with the next free one", async () => {
  const probe = probeOf((port) => port > 8989);
  expect(await checkPortFree(8987, probe)).toBe("Port 8987 is taken. Try: PORT=8990 npm start");
  expect(await checkPortFree(8990, probe)).toBe(null);
});

test("a port for privileged users is answered with the usual one, or the next", async () => {
  const probe = (taken: number) => (port: number) =>
    Promise.resolve(port < 1_024 ? "EACCES" : port === taken ? "EADDRINUSE" : null);
  const problem = "Port 80 is not allowed for an ordinary user.";
  expect(await checkPortFree(80, probe(0))).toBe(`${problem} Try: PORT=8787 npm start`);
  expect(await checkPortFree(80, probe(8_787))).toBe(`${problem} Try: PORT=8788 npm start`);
});

test("if no higher port is free, a lower one that is free is suggested", async () => {
  expect(
    await checkPortFree(
      65_534,
      probeOf((port) => port < 8_000),
    ),
  ).toBe("Port 65534 is taken. Try: PORT=7999 npm start");
  expect(
    await checkPortFree(
      65_534,
      probeOf(() => false),
    ),
  ).toBe("Port 65534 is taken. No other port is free.");
});

test.each([
  [8787, true, 8788],
  [8787, false, 0],
  [8788, true, 0],
])("with Postern on %i and 8788 free: %s, the sandbox gets port %i", async (postern, isFree, port) => {
  expect(
    await chooseSandboxPort(
      postern,
      probeOf(() => isFree),
    ),
  ).toBe(port);
});

test("a port is free only while no server listens on it", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  expect(await probePort(port)).toBe("EADDRINUSE");
  await new Promise((resolve) => server.close(resolve));
  expect(await probePort(port)).toBe(null);
});
