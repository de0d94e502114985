/** The Directory and the object of a key, which fill themselves and do one thing many times. */
import { PurgeList } from "../../src/cache/purge/purge-list.ts";
import { ApiKey, Directory } from "../../src/index.ts";
import type { KeyRecord } from "../../src/keys/record.ts";
import { hourOf } from "../../src/keys/usage.ts";
import type { ReportMessage } from "../../src/metrics/metric-reports.ts";
import { NO_TOKEN_REQUEST, recordOf } from "../../test/support/record.ts";
import type { Filling, OperationCounts, OperationOrder } from "../growth/messages.ts";
import { clock } from "./growing-isolate.ts";
import { countRows, watchRows } from "./growing-rows.ts";

/** The key whose own object is asked. */
export const KEY_ID = "growing000000000";

const HOUR_MS = 3_600_000;
const PAGE = 50;
/** The keys on which an isolate reports. */
const REPORTED_KEYS = 100;
const MAX_REPORTED_KEYS = 5_000;
const HOURS = 24;
/** The sequence number of an isolate that knows every purge. */
const ALL = Number.MAX_SAFE_INTEGER;

const keyId = (index: number) => String(index).padStart(16, "0");
const createdAt = (index: number) => new Date(1e12 + index * 1_000).toISOString();

export class GrowingDirectory extends Directory {
  // An object that was idle for ten seconds starts again, with what is in its storage.
  #keys = this.#count("keys");
  #purges = this.#count("purges");
  readonly #isolateId = crypto.randomUUID();
  #reports = 0;
  /** Counts changes, so that each has a number of its own. */
  #version = 1;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    watchRows(context.storage);
  }

  fill(projectId: string, { keys, purges }: Filling): void {
    const isLarger = keys > this.#keys;
    this.ctx.storage.transactionSync(() => {
      for (; this.#keys < keys; this.#keys += 1) this.#issue(projectId, this.#keys);
      const names = Array.from(
        { length: purges - this.#purges },
        (_, index) => `organization-${this.#purges + index}`,
      );
      if (names.length > 0) this.purge(names, null);
      this.#purges = purges;
      // Time passes only with new keys, since it would end purges.
      if (!isLarger) return;
      // Each hour of the last day, and the one before, has a row of the keys that were used.
      this.ctx.storage.sql.exec("DELETE FROM metrics");
      for (let hour = 0; hour <= HOURS; hour += 1) {
        clock.ms += HOUR_MS;
        this.metrics(projectId, this.#nextReport(Math.min(keys, MAX_REPORTED_KEYS)));
      }
    });
  }

  async operate(projectId: string, order: OperationOrder): Promise<OperationCounts> {
    let answer: unknown;
    const run = () => {
      for (let time = 0; time < order.times; time += 1) answer = this.#operate(projectId, order.operation);
    };
    const undo = new Error("so that there are as many keys as before");
    const runAndUndo = () => {
      try {
        this.ctx.storage.transactionSync(() => {
          run();
          throw undo;
        });
      } catch (error) {
        if (error !== undo) throw error;
      }
    };
    return await countedIf(order.isCounted, runAndUndo, () => answer);
  }

  #operate(projectId: string, operation: OperationOrder["operation"]): unknown {
    const search = (text: string) =>
      this.listKeys(PAGE, null, projectId, { text, status: null, issuedBefore: null });
    switch (operation) {
      case "issue":
        return this.#issue(projectId, 1_000_000 + this.#version++);
      case "edit":
        return this.#issue(projectId, 0, this.#version++);
      case "page":
        return this.listKeys(PAGE, null, projectId);
      case "middlePage": {
        const middle = Math.floor(this.#keys / 2);
        return this.listKeys(PAGE, { at: createdAt(middle), id: keyId(middle) }, projectId);
      }
      case "search":
        return search("partner");
      case "vainSearch":
        return search("nobody");
      case "overview":
        return this.overview(projectId, HOURS, null);
      case "scrape":
        return this.metrics(projectId, this.#nextReport(REPORTED_KEYS));
      case "editAndScrape":
        this.#issue(projectId, 0, this.#version++);
        return this.metrics(projectId, this.#nextReport(REPORTED_KEYS));
      case "report":
        return this.updatesSince(ALL, projectId, null, this.#nextReport(REPORTED_KEYS));
      case "nextSync":
        return this.updatesSince(ALL, projectId, null);
      case "firstSync":
        return this.updatesSince(0, projectId, null);
      case "purge":
        return this.purge([`organization-${this.#version++ % Math.max(1, this.#purges)}`], null);
      default:
        throw new Error(`The Directory does no ${operation}.`);
    }
  }

  #count(table: "keys" | "purges"): number {
    return this.ctx.storage.sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
  }

  /** Takes in a key with its event, as its own object reports it. */
  #issue(projectId: string, index: number, version = 1): void {
    const at = createdAt(index);
    const fields = { key_id: keyId(index), name: `Partner ${index}`, project_id: projectId, version };
    const record: KeyRecord = recordOf({ ...fields, created_at: at, updated_at: at });
    const id = `${record.key_id}.${version}`;
    this.report(record, [
      { id, at, action: "key.created", actor: "token", key_id: record.key_id, detail: {} },
    ]);
  }

  #nextReport(keys: number): ReportMessage {
    this.#reports += 1;
    const counts = {
      series: { "http_requests|/v1/b2b/organizations/{organization_id}|200|": keys },
      keys: Object.fromEntries(Array.from({ length: keys }, (_, index) => [keyId(index), { hit: 1 }])),
    };
    return { isolateId: this.#isolateId, reports: [{ sequence: this.#reports, counts }] };
  }
}

export class GrowingApiKey extends ApiKey {
  #reports = 0;

  constructor(context: DurableObjectState, env: Env) {
    super(context, env);
    watchRows(context.storage);
  }

  async fill(projectId: string): Promise<void> {
    if (this.record(projectId) === null) await this.create(projectId, KEY_ID, recordOf());
  }

  async operate(
    projectId: string,
    { operation, times, isCounted }: OperationOrder,
  ): Promise<OperationCounts> {
    let answer: unknown;
    const run = async () => {
      for (let time = 0; time < times; time += 1) {
        answer = operation === "record" ? this.record(projectId) : await this.#reportUsage();
      }
    };
    return await countedIf(isCounted, run, () => answer);
  }

  async #reportUsage(): Promise<unknown> {
    this.#reports += 1;
    const counts = [{ hour: hourOf(clock.ms), requests: 10 }];
    return await this.lease(
      { id: `report ${this.#reports}`, counts, mustStore: true },
      NO_TOKEN_REQUEST,
      null,
    );
  }
}

async function countedIf(
  isCounted: boolean,
  run: () => unknown,
  answer: () => unknown,
): Promise<OperationCounts> {
  if (isCounted)
    return {
      ...(await countRows(run)),
      bytes: new TextEncoder().encode(JSON.stringify(answer() ?? null)).length,
    };
  await run();
  return { rowsRead: 0, rowsWritten: 0, bytes: 0 };
}

/** A new isolate takes in all purges, so many times. */
export async function applyPurges(
  directory: DurableObjectStub<GrowingDirectory>,
  projectId: string,
  times: number,
): Promise<OperationCounts> {
  const { purges } = await directory.updatesSince(0, projectId, null);
  for (let time = 0; time < times; time += 1) new PurgeList().applyUpdates(purges);
  return { rowsRead: 0, rowsWritten: 0, bytes: 0 };
}
