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
  }
  const other = JSON.stringify({ key: { ...KEY, key_id: "fedcba9876543210" } });
  for (const line of [other, all[3] ?? ""]) {
    writeFileSync(path, all.toSpliced(3, 0, line).join("\n"));
    expect(() => readExportFile(path), line).toThrow(/not whole/);
  }
});

test.each([
  [
    "a key twice",
    2,
    JSON.stringify({ key: { ...KEY, name: "Other" } }),
    ": it has the key 0123456789abcdef twice",
  ],
  ["two session policies", 3, '{"session_policy":{}}', ": it has a second session policy"],
  ["two ends", 6, '{"end":{"keys":1,"events":2}}', ": it goes on after its end"],
  ["an event after its end", 6, JSON.stringify({ event: EVENT }), ": it goes on after its end"],
  ["an empty line after its end", 6, "", ": it goes on after its end"],
])("a file with %s is refused, also if its counts are right", async (_what, index, line, reason) => {
  await write();
  const counts = `{"end":{"keys":${index === 2 ? 2 : 1},"events":2}}`;
  const text = lines().with(5, counts).toSpliced(index, 0, line).join("\n");
  writeFileSync(path, text);
  expect(() => readExportFile(path)).toThrow(
    `${path} is damaged in line ${index + 1}${reason}. Nothing was sent.`,
  );
});

test("a file with line ends of Windows is read", async () => {
  await write();
  const whole = readExportFile(path);
  writeFileSync(path, lines().join("\r\n"));
  expect(readExportFile(path)).toEqual(whole);
});

test("lines and characters that lie across the pieces of a large file are whole", async () => {
  const names = Array.from({ length: 300 }, (_, index) => `${index} ${"äöü€😀".repeat(50 + (index % 7))}`);
  const keys = names.map((name, index) => ({ key_id: String(index).padStart(16, "0"), name }));
  await writeExportFile(path, "https://postern.example", NOW, async (add) => {
    for (const key of keys) add({ key });
  });
  expect(statSync(path).size).toBeGreaterThan(200_000);
  expect(readExportFile(path).keys).toEqual(keys);
});

test("events are bounded by no size, and keys are", async () => {
  await write();
  expect(readExportFile(path, 100).events).toBe(2);
  expect(() => readExportFile(path, 60)).toThrow(/has too many keys to read at once/);
});

test("a line without an end is refused before it fills the memory", async () => {
  await write();
  writeFileSync(path, `${lines()[0]}\n${"x".repeat(2 * 1024 * 1024)}`);
  expect(() => readExportFile(path)).toThrow(`The file ${path} has a line that is too long.`);
});

test.each(["0", "-1", "0.5", "1.5", "null", '"1"'])("a file of the format %s is refused", async (version) => {
  await write();
  writeFileSync(
    path,
    readFileSync(path, "utf8").replace('"postern_export":1', `"postern_export":${version}`),
  );
  expect(() => readExportFile(path)).toThrow(/is not a file that export has written/);
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
  expect(() => readExportFile(directory)).toThrow(/cannot be read \(EISDIR\)/);
  writeFileSync(path, "");
  expect(() => readExportFile(path)).toThrow(/is not a file that export has written/);
  writeFileSync(path, '{"keys":[]}\n');
  expect(() => readExportFile(path)).toThrow(/is not a file that export has written/);
});
