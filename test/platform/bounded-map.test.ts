import { expect, test, vi } from "vitest";
import { BoundedMap } from "../../src/platform/bounded-map.ts";

test("a full bounded map evicts its oldest entry and calls onEvict", () => {
  const onEvict = vi.fn<(key: string, value: number) => void>();
  const map = new BoundedMap<string, number>(2, onEvict);
  map.set("a", 1);
  map.set("b", 2);
  expect(onEvict).not.toHaveBeenCalled();
  map.set("c", 3);
  expect([...map]).toEqual([
    ["b", 2],
    ["c", 3],
  ]);
  expect(onEvict.mock.calls).toEqual([["a", 1]]);
});

test("setting a key of a bounded map again makes it the newest and evicts nothing", () => {
  const onEvict = vi.fn();
  const map = new BoundedMap<string, number>(2, onEvict);
  map.set("a", 1);
  map.set("b", 2);
  map.set("a", 3);
  expect(onEvict).not.toHaveBeenCalled();
  expect([...map]).toEqual([
    ["b", 2],
    ["a", 3],
  ]);
  map.set("c", 4);
  expect(onEvict.mock.calls).toEqual([["b", 2]]);
});

test("reading a bounded map does not change its order", () => {
  const map = new BoundedMap<string, number>(2);
  map.set("a", 1);
  map.set("b", 2);
  expect(map.get("a")).toBe(1);
  map.set("c", 3);
  expect([map.get("a"), map.get("b"), map.size]).toEqual([undefined, 2, 2]);
});

test("deleting and clearing a bounded map evicts nothing", () => {
  const onEvict = vi.fn();
  const map = new BoundedMap<string, number>(2, onEvict);
  map.set("a", 1);
  map.set("b", 2);
  expect([map.delete("a"), map.delete("a")]).toEqual([true, false]);
  map.clear();
  expect(map.size).toBe(0);
  expect(onEvict).not.toHaveBeenCalled();
});
