import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { Interrupted } from "../../deploy/problem.ts";
import { ask } from "../../deploy/prompt.ts";

function createTerminal() {
  const input = new PassThrough();
  const output = new PassThrough();
  const controller = new AbortController();
  const shown = () => String(output.read() ?? "");
  return { input, output, shown, controller, signal: controller.signal, interrupt: () => controller.abort() };
}

test("a hidden answer is returned and never shown", async () => {
  const terminal = createTerminal();
  const answer = ask(terminal, "Secret: ", true);
  terminal.input.write(" secret-test-canary \r");
  expect(await answer).toBe("secret-test-canary");
  expect(terminal.shown()).toBe("Secret: \n");
});

test("a plain answer is shown while it is typed", async () => {
  const terminal = createTerminal();
  const answer = ask(terminal, "Project: ", false);
  terminal.input.write("project-test-1\r");
  expect(await answer).toBe("project-test-1");
  expect(terminal.shown()).toContain("project-test-1");
});

test("two questions at one terminal get an answer each", async () => {
  const terminal = createTerminal();
  const first = ask(terminal, "Project: ", false);
  terminal.input.write("one\r");
  expect(await first).toBe("one");
  const second = ask(terminal, "Secret: ", true);
  terminal.input.write("two\r");
  expect(await second).toBe("two");
});

test("Ctrl-C at a question interrupts the run", async () => {
  const terminal = createTerminal();
  const answer = ask(terminal, "Secret: ", true);
  terminal.input.write("\x03");
  await expect(answer).rejects.toBeInstanceOf(Interrupted);
});

test("the end of the input at a question is a problem", async () => {
  const terminal = createTerminal();
  const answer = ask(terminal, "Secret: ", true);
  terminal.input.end();
  await expect(answer).rejects.toThrow("The input ended");
});
