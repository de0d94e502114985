/**
 * The deployment of the model test: isolates in two locations, KV and objects with faults, and every answer checked.
 */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import type { Json } from "./bodies.ts";
import { createIsolate, type TestIsolate } from "./deployment.ts";
import { forgetObjectState } from "./guard.ts";
import { checkAnswer, type Purged } from "./model-rules.ts";
import { ModelStytch, StepCounter } from "./model-stytch.ts";
import { organizationPath } from "./paths.ts";
import { stubUpstream } from "./upstream.ts";

/** Reads that wait for a slow Stytch, before it answers. */
const MAX_SLOW_READS = 5;
/** How long another location may see KV as it was. */
const KV_LAG_MS = 60_000;

interface KvValue {
  readonly at: number;
  readonly value: ArrayBuffer | null;
  readonly metadata: unknown;
}

export class World {
  readonly stytch: ModelStytch;
  readonly #steps = new StepCounter();
  readonly #purges: Purged[] = [];
  readonly #isolates: TestIsolate[];
  readonly #keys: { readonly plain: string; readonly forcing: string };
  #objectsHear = true;
  #kvReadsFail = false;
  #kvWritesFail = false;
  /** KV as the location sees it that lags. */
  readonly #laggingKv = new Map<string, KvValue>();
  readonly #slowReads: Promise<void>[] = [];

  constructor(readers: number, keys: { plain: string; forcing: string }) {
    // An open circuit of the run before would refuse calls that this run's Stytch would answer.
    forgetObjectState();
    this.#keys = keys;
    this.stytch = new ModelStytch(this.#steps);
    this.#isolates = Array.from({ length: readers }, (_, reader) => this.#createReader(reader));
    stubUpstream(
      async ({ url }) =>
        await this.stytch.answer(decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "")),
    );
    // Retries do not wait: time stands still here.
    vi.spyOn(scheduler, "wait").mockImplementation(async () => await pause(0));
    this.#injectFaults();
  }

  /** While Stytch is slow, this does not wait for the answer. */
  async read(reader: number, name: number, isForced: boolean): Promise<void> {
    const read = this.#readAndCheck(reader, name, isForced);
    if (!this.stytch.isSlow) return await read;
    this.#slowReads.push(read);
    await pause(5);
    if (this.#slowReads.length >= MAX_SLOW_READS) await this.answerSlowReads();
  }

  /** From now on, Stytch answers only when it is told to. */
  async readSlowly(reader: number, name: number): Promise<void> {
    this.stytch.hold();
    await this.read(reader, name, false);
  }

  async answerSlowReads(): Promise<void> {
    this.stytch.release();
    await Promise.all(this.#slowReads.splice(0));
  }

  async purge(reader: number, index: number): Promise<void> {
    const name = this.stytch.identifierAt(index);
    const startedAt = this.#steps.next();
    const response = await this.#isolates[reader]?.admin("POST", "/admin/cache/purge", {
      organization_id: name,
    });
    if (response?.status !== 200) throw new Error("a purge failed, though nothing it needs did");
    this.#purges.push({ name, startedAt, at: Date.now() });
  }

  replaceIsolate(reader: number): void {
    this.#isolates[reader] = this.#createReader(reader);
  }

  /** Ends what is in flight first, since that keeps its objects. */
  async evictObjects(): Promise<void> {
    await this.answerSlowReads();
    await pause(8);
    await evictAllDurableObjects();
  }

  /** Leaves nothing in flight. */
  async end(): Promise<void> {
    await this.evictObjects();
  }

  /** If not, only the Directory hears of purges, and the isolates that ask it. */
  setObjectsHear(hear: boolean): void {
    this.#objectsHear = hear;
  }

  setKvReadsFail(fail: boolean): void {
    this.#kvReadsFail = fail;
  }

  setKvWritesFail(fail: boolean): void {
    this.#kvWritesFail = fail;
  }

  async wait(seconds: number): Promise<void> {
    // Background work takes real time.
    await pause(8);
    vi.setSystemTime(Date.now() + seconds * 1_000);
  }

  async #readAndCheck(reader: number, index: number, isForced: boolean): Promise<void> {
    const identifier = this.stytch.identifierAt(index);
    const [startedAt, requestedAt] = [this.#steps.next(), Date.now()];
    const response = await this.#call(reader, identifier, isForced);
    const receivedAt = Date.now();
    const body = await response.json<Json>();
    const read = { identifier, isForced, startedAt, requestedAt, receivedAt, response, body };
    checkAnswer(read, this.stytch, this.#purges);
  }

  async #call(reader: number, identifier: string, isForced: boolean): Promise<Response> {
    const isolate = this.#isolates[reader];
    if (isolate === undefined) throw new Error("no such reader");
    return await isolate.callUntilResponse(organizationPath(identifier), {
      key: isForced ? this.#keys.forcing : this.#keys.plain,
      headers: isForced ? { "Postern-Cache": "refresh" } : {},
    });
  }

  /** Every second reader is in a location that sees changes of KV late. */
  #createReader(reader: number): TestIsolate {
    const lags = reader % 2 === 1;
    const getWithMetadata = async (key: string) => {
      if (this.#kvReadsFail) throw new Error("KV GET failed: 500");
      const seen = this.#laggingKv.get(key);
      if (lags && seen !== undefined && Date.now() - seen.at < KV_LAG_MS) {
        return { value: seen.value?.slice(0) ?? null, metadata: seen.metadata };
      }
      const { value, metadata } = await env.ORGANIZATIONS.getWithMetadata(key, "arrayBuffer");
      if (lags) this.#laggingKv.set(key, { at: Date.now(), value: value?.slice(0) ?? null, metadata });
      return { value, metadata };
    };
    return createIsolate({ ORGANIZATIONS: { getWithMetadata } });
  }

  #injectFaults(): void {
    const world = this;
    const prototype = Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace;
    for (const method of ["put", "delete"] as const) {
      const real = prototype[method] as (...args: unknown[]) => Promise<void>;
      vi.spyOn(prototype, method).mockImplementation(async function (this: KVNamespace, ...args: unknown[]) {
        if (world.#kvWritesFail) throw new Error("KV PUT failed: 429 Too Many Requests");
        await real.apply(this, args);
      } as never);
    }
    const purge = Organization.prototype.purge;
    vi.spyOn(Organization.prototype, "purge").mockImplementation(async function (
      this: Organization,
      ...args
    ) {
      if (world.#objectsHear) await purge.apply(this, args);
    });
  }
}

const pause = async (ms: number) => await new Promise<void>((resolve) => setTimeout(resolve, ms));
