/** The file of an export: what it holds, who may read it, and which files are refused before anything is sent. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readExportFile, writeExportFile } from "../../cli/export-file.ts";

const NOW = Date.parse("2026-05-01T00:00:00Z");
const KEY = { key_id: "0123456789abcdef", name: "Acme", later: true };
const EVENT = { at: "2026-05-01T00:00:00.000Z", action: "key.created" };

let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "export-"));
  path = join(directory, "backup.jsonl");
});
afterEach(() => rmSync(directory, { recursive: true }));

const write = async () =>
  await writeExportFile(path, "https://postern.example", NOW, async (add) => {
    add({ key: KEY });
    add({ session_policy: { scopes: ["organizations:read"] } });
    add({ event: EVENT });
    add({ event: EVENT });
  });
const lines = () => readFileSync(path, "utf8").split("\n");

test("a file is read as it was written, and only its owner may read it", async () => {
  await write();
  expect(readExportFile(path)).toEqual({
    keys: [KEY],
    sessionPolicy: { scopes: ["organizations:read"] },
    events: 2,
  });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  const [first, , , , , last] = lines();
  expect(JSON.parse(first ?? "")).toEqual({
    postern_export: 1,
    origin: "https://postern.example",
    exported_at: "2026-05-01T00:00:00.000Z",
  });
  expect(last).toBe('{"end":{"keys":1,"events":2}}');
});

test("a file without anything is whole, too", async () => {
  await writeExportFile(path, "https://postern.example", NOW, async () => {});
  expect(readExportFile(path)).toEqual({ keys: [], sessionPolicy: null, events: 0 });
});

test("a file that exists is not replaced", async () => {
  writeFileSync(path, "mine");
  await expect(write()).rejects.toThrow(/cannot be created \(EEXIST\).*--file/);
  expect(readFileSync(path, "utf8")).toBe("mine");
});

test("an export that fails leaves no file", async () => {
  const failing = writeExportFile(path, "https://postern.example", NOW, async (add) => {
    add({ key: KEY });
    throw new Error("unreachable");
  });
  await expect(failing).rejects.toThrow("unreachable");
  expect(existsSync(path)).toBe(false);
});

test("a file that was cut off anywhere is refused", async () => {
  await write();
  const whole = readFileSync(path, "utf8");
  for (let length = 0; length < whole.length - 1; length += 1) {
    writeFileSync(path, whole.slice(0, length));
    expect(() => readExportFile(path), String(length)).toThrow(/not whole|damaged|not a file that export/);
  }
});

test("a file with a line too few or too many is refused", async () => {
  await write();
  const all = lines();
  for (const index of [1, 3, 5]) {
    writeFileSync(path, all.filter((_, at) => at !== index).join("\n"));
    expect(() => readExportFile(path), String(index)).toThrow(/not whole/);
    writeFileSync(path, all.toSpliced(index, 0, all[index] ?? "").join("\n"));
    if (index !== 5) expect(() => readExportFile(path), String(index)).toThrow(/not whole/);
  }
});

test("a file of a later format is refused with what to do", async () => {
  await write();
  writeFileSync(path, readFileSync(path, "utf8").replace('"postern_export":1', '"postern_export":2'));
  expect(() => readExportFile(path)).toThrow(
    /written by a later Postern \(format 2, and this one reads up to 1\)/,
  );
});

test.each([
  ["a line that is no JSON", "{"],
  ["a line of an unknown kind", '{"usage":{}}'],
  ["two things in a line", JSON.stringify({ key: KEY, event: EVENT })],
  ["a key without an ID", '{"key":{"name":"Acme"}}'],
  ["a key with an ID that would change the path of the call", '{"key":{"key_id":"../session-policy"}}'],
  ["a key in place of an ID", `{"key":{"key_id":"pst_test_0123456789abcdef_${"0".repeat(58)}"}}`],
])("a file with %s is refused by its line", async (_, line) => {
  await write();
  writeFileSync(path, lines().with(1, line).join("\n"));
  expect(() => readExportFile(path)).toThrow(`${path} is damaged in line 2. Nothing was sent.`);
});

test("a file that is missing, or none of export, is refused", () => {
  expect(() => readExportFile(path)).toThrow(/cannot be read \(ENOENT\)/);
  writeFileSync(path, '{"keys":[]}\n');
  expect(() => readExportFile(path)).toThrow(/is not a file that export has written/);
});
