/**
 * The egress guard around every test in workerd. Vitest runs this file again for each test file, and keeps the modules
 * that it imports. So what it records is kept in `egress.ts`, and nothing imports this file: an importer would get an
 * instance of its own, which records what nobody checks.
 */
import { afterEach, beforeEach } from "vitest";
import { checkEgress, recordEgress } from "./egress.ts";

beforeEach(recordEgress);
afterEach(({ task }) => checkEgress(task.result?.errors ?? []));
