import { expect, test } from "vitest";
import { originOf } from "../../deploy/health.ts";

test.each([
  [["https://postern.acme.workers.dev"], "https://postern.acme.workers.dev"],
  [["https://postern.acme.workers.dev", "api.acme.example (custom domain)"], "https://api.acme.example"],
  [["api.acme.example (custom domain - zone name: acme.example)"], "https://api.acme.example"],
  [["api.acme.example/* (zone name: acme.example)"], null],
  [["schedule: * * * * *"], null],
  [[], null],
])("of the addresses %j, the origin is %s", (targets, origin) => {
  expect(originOf(targets)).toBe(origin);
});
