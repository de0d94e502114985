/**
 * The deployment of the model test: isolates in two locations, KV and objects with faults, and every answer checked.
 * Time passes only if a step says so, and by a millisecond with each step that asks for something.
 */
import { abortAllDurableObjects } from "cloudflare:test";
import { vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import type { Json } from "./bodies.ts";
import { createIsolate, type TestIsolate } from "./deployment.ts";
import { forgetObjectState } from "./egress.ts";
import { ModelKv } from "./model-kv.ts";
import { checkAnswer, type Purged } from "./model-rules.ts";
import { ModelStytch, type Said, StepCounter } from "./model-stytch.ts";
import { ObjectWork, pause, stopDeadlines } from "./model-time.ts";
import { organizationPath } from "./paths.ts";
import { stubUpstream } from "./upstream.ts";

/** Reads that wait for a slow Stytch, before it answers. */
const MAX_SLOW_READS = 5;
/** How often a slow read is looked at before the next step, every 5 ms. */
const MAX_TRIES = 200;

export interface ModelKeys {
  readonly plain: string;
  readonly forcing: string;
}

export class World {
  readonly stytch: ModelStytch;
  readonly kv = new ModelKv();
  /** The status of each read that has ended, in the order of their ends. */
  readonly statuses: number[] = [];
  readonly #steps = new StepCounter();
  readonly #purges: Purged[] = [];
  /** All that there were; a reader uses the last one of its own. */
  readonly #isolates: TestIsolate[] = [];
  readonly #readers: TestIsolate[];
  /** The last organization that an isolate has answered, by identifier. */
  readonly #answers = new Map<TestIsolate, Map<string, Said>>();
  readonly #keys: ModelKeys;
  readonly #objectWork: ObjectWork;
  readonly #slowReads: Promise<void>[] = [];
  #objectsHear = true;
  /** The time after the last wait. The steps since then have added a few milliseconds. */
  #waitedUntil = Date.now();

  static async create(readers: number, keys: ModelKeys): Promise<World> {
    return new World(readers, keys, await ObjectWork.watch());
  }

  private constructor(readers: number, keys: ModelKeys, objectWork: ObjectWork) {
    // An open circuit of the run before would refuse calls that this run's Stytch would answer.
    forgetObjectState();
    stopDeadlines();
    this.#keys = keys;
    this.#objectWork = objectWork;
    this.stytch = new ModelStytch(this.#steps);
    this.#readers = Array.from({ length: readers }, (_, reader) => this.#createReader(reader));
    stubUpstream(
      async ({ url }) =>
        await this.stytch.answer(decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "")),
    );
    this.#mayNotHearOfPurges();
  }

  /** While Stytch is slow, this does not wait for the answer. */
  async read(reader: number, name: number, isForced: boolean): Promise<void> {
    const read = this.#readAndCheck(reader, name, isForced);
    if (this.stytch.isSlow) {
      this.#slowReads.push(read);
      await this.#untilHeldOrEnded(read, this.stytch.identifierAt(name));
      if (this.#slowReads.length >= MAX_SLOW_READS) await this.answerSlowReads();
    } else await read;
    this.#tick();
  }

  /** From now on, Stytch answers only when it is told to. */
  async readSlowly(reader: number, name: number): Promise<void> {
    this.stytch.hold();
    await this.read(reader, name, false);
  }

  async answerSlowReads(): Promise<void> {
    this.stytch.release();
    await Promise.all(this.#slowReads.splice(0));
    this.#tick();
  }

  async purge(reader: number, index: number): Promise<void> {
    const name = this.stytch.identifierAt(index);
    const startedAt = this.#steps.next();
    const response = await this.#readers[reader]?.admin("POST", "/admin/cache/purge", {
      organization_id: name,
    });
    if (response?.status !== 200) throw new Error("a purge failed, though nothing it needs did");
    this.#purges.push({ name, startedAt, at: Date.now() });
    this.#tick();
  }

  replaceIsolate(reader: number): void {
    this.#readers[reader] = this.#createReader(reader);
  }

  /** What is in flight ends first. */
  async evictObjects(): Promise<void> {
    await this.end();
    // As an eviction does, this leaves an object its storage alone, and it takes a tenth of the time.
    await abortAllDurableObjects();
  }

  /** Leaves nothing in flight. */
  async end(): Promise<void> {
    await this.answerSlowReads();
    await this.#settle();
  }

  /** If not, only the Directory hears of purges, and the isolates that ask it. */
  setObjectsHear(hear: boolean): void {
    this.#objectsHear = hear;
  }

  async wait(seconds: number): Promise<void> {
    await this.#settle();
    this.#waitedUntil += seconds * 1_000;
    vi.setSystemTime(this.#waitedUntil);
  }

  /** On a busy machine, a read takes a while to reach Stytch. One that waits for a request of another goes nowhere. */
  async #untilHeldOrEnded(read: Promise<void>, identifier: string): Promise<void> {
    let hasEnded = this.stytch.isHolding(identifier);
    const end = () => {
      hasEnded = true;
    };
    read.then(end, end);
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      await pause(5);
      if (hasEnded || this.stytch.isHolding(identifier)) return;
    }
  }

  /** Waits for the work in the background of isolates and objects. */
  async #settle(): Promise<void> {
    // What waits for Stytch does not end.
    if (this.stytch.isSlow) return await pause(8);
    do {
      await Promise.all(this.#isolates.map(async (isolate) => await isolate.settle()));
      await this.#objectWork.settle();
    } while (this.#objectWork.isRunning);
  }

  /** So that what is asked in two steps is not asked in the same millisecond: nobody could tell which came first. */
  #tick(): void {
    vi.setSystemTime(Date.now() + 1);
  }

  async #readAndCheck(reader: number, index: number, isForced: boolean): Promise<void> {
    const identifier = this.stytch.identifierAt(index);
    const [startedAt, requestedAt] = [this.#steps.next(), Date.now()];
    const isolate = this.#readers[reader];
    if (isolate === undefined) throw new Error("no such reader");
    const answers = this.#answersOf(isolate);
    const before = answers.get(identifier);
    const response = await this.#call(isolate, identifier, isForced);
    const receivedAt = Date.now();
    const body = await response.json<Json>();
    const read = { identifier, isForced, startedAt, requestedAt, receivedAt, response, body, before };
    checkAnswer(read, this.stytch, this.#purges);
    const said = this.stytch.said.find((one) => one.requestId === body["request_id"]);
    if (said !== undefined) answers.set(identifier, said);
    this.statuses.push(response.status);
  }

  #answersOf(isolate: TestIsolate): Map<string, Said> {
    const answers = this.#answers.get(isolate) ?? new Map<string, Said>();
    this.#answers.set(isolate, answers);
    return answers;
  }

  async #call(isolate: TestIsolate, identifier: string, isForced: boolean): Promise<Response> {
    return await isolate.callUntilResponse(organizationPath(identifier), {
      key: isForced ? this.#keys.forcing : this.#keys.plain,
      headers: isForced ? { "Postern-Cache": "refresh" } : {},
    });
  }

  /** Every second reader is in a location that sees changes of KV late. */
  #createReader(reader: number): TestIsolate {
    const isolate = createIsolate({ ORGANIZATIONS: this.kv.binding(reader % 2 === 1) });
    this.#isolates.push(isolate);
    return isolate;
  }

  #mayNotHearOfPurges(): void {
    const world = this;
    const purge = Organization.prototype.purge;
    vi.spyOn(Organization.prototype, "purge").mockImplementation(async function (
      this: Organization,
      ...args
    ) {
      return world.#objectsHear ? await purge.apply(this, args) : null;
    });
  }
}
