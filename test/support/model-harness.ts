/** The world of the model test: Stytch and KV with their faults, isolates, and what may be answered. */
import { evictAllDurableObjects } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { vi } from "vitest";
import { Organization } from "../../src/cache/object/organization.ts";
import { type Json, organization, organizationEnvelope } from "./bodies.ts";
import { createIsolate, type TestIsolate } from "./deployment.ts";
import { deferred, json, stubUpstream, stytchError } from "./upstream.ts";

const LEASE_MS = 5_000;
const FRESH_MS = 60_000;
const AT_ONCE_MS = 120_000;
const USABLE_MS = 3_720_000;
const NEGATIVE_MS = 10_000;
/** The longest pause after failures, for which a failure may be answered that Stytch no longer has. */
const PAUSE_MS = 30_000;
/** Reads that wait for a slow Stytch, before it answers. */
const MOST_SLOW = 5;
/** How long another location may see KV as it was. */
const KV_LAG_MS = 60_000;

/** What Stytch said. `began` and `ended` order it among all that happened; `at` is the time of the answer. */
interface Said {
  readonly name: string;
  readonly requestId: string | null;
  readonly organization: Json | null;
  readonly began: number;
  ended: number;
  at: number;
}

interface Purged {
  readonly name: string;
  readonly began: number;
  readonly at: number;
}

export class World {
  readonly #said: Said[] = [];
  readonly #purged: Purged[] = [];
  readonly #isolates: TestIsolate[];
  readonly #keys: { readonly plain: string; readonly forcing: string };
  readonly #slugs: string[];
  readonly #externalIds: string[];
  #organizations: Json[];
  readonly #deleted = new Set<number>();
  /** Orders what happens: time stands still between steps. */
  #clock = 0;
  #failing: number | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;
  #objectsHear = true;
  #kvReadsFail = false;
  #kvWritesFail = false;
  /** Of the location whose KV lags. */
  readonly #seen = new Map<
    string,
    { readonly at: number; readonly value: ArrayBuffer | null; readonly metadata: unknown }
  >();
  #gate: ReturnType<typeof deferred<undefined>> | null = null;
  readonly #slow: Promise<void>[] = [];

  constructor(readers: number, keys: { plain: string; forcing: string }) {
    this.#keys = keys;
    const tag = crypto.randomUUID().slice(0, 8);
    this.#slugs = [0, 1, 2, 3].map((i) => `slug-${tag}-${i}`);
    this.#externalIds = [0, 1].map((i) => `crm|${tag}-${i}`);
    this.#organizations = [0, 1, 2].map((i) => organization({ organization_slug: this.#slugs[i] }));
    this.#isolates = Array.from({ length: readers }, (_, i) => this.#made(i));
    stubUpstream(
      async ({ url }) =>
        await this.#answer(decodeURIComponent(new URL(url).pathname.split("/").at(-1) ?? "")),
    );
    // What waits for KV's second to pass need not: nothing here takes a second.
    vi.spyOn(scheduler, "wait").mockImplementation(async () => await pause(0));
    const prototype = Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace;
    for (const method of ["put", "delete"] as const) {
      const real = prototype[method] as (...args: unknown[]) => Promise<void>;
      vi.spyOn(prototype, method).mockImplementation(async function (this: KVNamespace, ...args: unknown[]) {
        if (world.#kvWritesFail) throw new Error("KV PUT failed: 429 Too Many Requests");
        await real.apply(this, args);
      } as never);
    }
    const world = this;
    const purge = Organization.prototype.purge;
    vi.spyOn(Organization.prototype, "purge").mockImplementation(async function (
      this: Organization,
      ...args
    ) {
      if (world.#objectsHear) await purge.apply(this, args);
    });
  }

  /** While Stytch is slow, this does not wait for the answer. */
  async read(reader: number, name: number, force: boolean): Promise<void> {
    const read = this.#readNow(reader, name, force);
    if (this.#gate === null) return await read;
    this.#slow.push(read);
    await pause(5);
    if (this.#slow.length >= MOST_SLOW) await this.answerTheSlow();
  }

  /** Stytch answers whatever it is asked from now on only when it is told to. */
  async readSlowly(reader: number, name: number): Promise<void> {
    this.#gate ??= deferred<undefined>();
    await this.read(reader, name, false);
  }

  async answerTheSlow(): Promise<void> {
    this.#gate?.resolve(undefined);
    this.#gate = null;
    await Promise.all(this.#slow.splice(0));
  }

  touch(index: number): void {
    this.#change(index, { organization_name: `Touched ${++this.#clock}` });
  }

  /** Whoever has the slug takes the other's in exchange. */
  moveSlug(index: number, slug: number): void {
    const wanted = this.#slugs[slug];
    const other = this.#organizations.findIndex((one) => one["organization_slug"] === wanted);
    const own = this.#organizations[index]?.["organization_slug"];
    if (other >= 0) this.#change(other, { organization_slug: own });
    this.#change(index, { organization_slug: wanted });
  }

  moveExternalId(index: number, id: number): void {
    const wanted = this.#externalIds[id] ?? null;
    const other = this.#organizations.findIndex(
      (one) => wanted !== null && one["organization_external_id"] === wanted,
    );
    if (other >= 0) this.#change(other, { organization_external_id: null });
    this.#change(index, { organization_external_id: wanted });
  }

  deleteOrRestore(index: number): void {
    this.#clock += 1;
    if (!this.#deleted.delete(index)) this.#deleted.add(index);
  }

  fail(how: number): void {
    this.#failing = how;
  }

  work(): void {
    this.#failing = null;
  }

  async purge(reader: number, name: number): Promise<void> {
    const purged = this.#nameAt(name);
    const began = ++this.#clock;
    const answer = await this.#isolates[reader]?.admin("POST", "/admin/cache/purge", {
      organization_id: purged,
    });
    if (answer?.status !== 200) throw new Error("a purge failed, though nothing it needs did");
    this.#purged.push({ name: purged, began, at: Date.now() });
  }

  createIsolate(reader: number): void {
    this.#isolates[reader] = this.#made(reader);
  }

  /** What is under way keeps its objects. */
  async evictObjects(): Promise<void> {
    await this.answerTheSlow();
    await pause(8);
    await evictAllDurableObjects();
  }

  /** Nothing of it goes on. */
  async end(): Promise<void> {
    await this.evictObjects();
  }

  /** Otherwise only the Directory does, and whoever asks it. */
  objectsHear(hear: boolean): void {
    this.#objectsHear = hear;
  }

  kvReads(fail: boolean): void {
    this.#kvReadsFail = fail;
  }

  kvWrites(fail: boolean): void {
    this.#kvWritesFail = fail;
  }

  async wait(seconds: number): Promise<void> {
    // What goes on behind answers has real time to end.
    await pause(8);
    vi.setSystemTime(Date.now() + seconds * 1_000);
  }

  async #readNow(reader: number, name: number, force: boolean): Promise<void> {
    const asked = this.#nameAt(name);
    const began = { order: ++this.#clock, at: Date.now() };
    const answer = await this.#call(reader, asked, force);
    const now = Date.now();
    this.#check(asked, began, now, answer, await answer.json<Json>(), force);
  }

  #nameAt(index: number): string {
    const ids = this.#organizations.map((one) => String(one["organization_id"]));
    return [...ids, ...this.#slugs, ...this.#externalIds][index] ?? "";
  }

  #change(index: number, fields: Json): void {
    this.#clock += 1;
    this.#organizations = this.#organizations.map((one, i) => (i === index ? { ...one, ...fields } : one));
  }

  #made(reader: number): TestIsolate {
    // Half of the isolates are in a location that sees KV late.
    const lags = reader % 2 === 1;
    const getWithMetadata = async (key: string) => {
      if (this.#kvReadsFail) throw new Error("KV GET failed: 500");
      const seen = this.#seen.get(key);
      if (lags && seen !== undefined && Date.now() - seen.at < KV_LAG_MS) {
        return { value: seen.value?.slice(0) ?? null, metadata: seen.metadata };
      }
      const { value, metadata } = await env.ORGANIZATIONS.getWithMetadata(key, "arrayBuffer");
      if (lags) this.#seen.set(key, { at: Date.now(), value: value?.slice(0) ?? null, metadata });
      return { value, metadata };
    };
    return createIsolate({ ORGANIZATIONS: { getWithMetadata } });
  }

  async #answer(name: string): Promise<Response> {
    const began = ++this.#clock;
    const failing = this.#failing;
    const found =
      this.#organizations.find((one, i) => !this.#deleted.has(i) && names(one).includes(name)) ?? null;
    const gate = this.#gate;
    if (gate !== null) await gate.promise;
    if (failing !== null) {
      this.#failedAt = Date.now();
      return failure(failing);
    }
    const envelope = found === null ? null : organizationEnvelope(found);
    const requestId = envelope === null ? null : String(envelope["request_id"]);
    this.#said.push({ name, requestId, organization: found, began, ended: ++this.#clock, at: Date.now() });
    return envelope === null ? stytchError(404, "organization_not_found") : json(envelope);
  }

  async #call(reader: number, name: string, force: boolean): Promise<Response> {
    const path = `/v1/b2b/organizations/${encodeURIComponent(name)}`;
    const headers: Record<string, string> = force ? { "Postern-Cache": "refresh" } : {};
    const key = force ? this.#keys.forcing : this.#keys.plain;
    const answer = await this.#isolates[reader]?.callUntilResponse(path, { key, headers });
    if (answer === undefined) throw new Error("no such reader");
    return answer;
  }

  #check(
    name: string,
    began: { order: number; at: number },
    now: number,
    answer: Response,
    body: Json,
    force: boolean,
  ): void {
    const cacheStatus = answer.headers.get("Cache-Status");
    const fault = (what: string) => {
      throw new Error(
        `${what}: ${name} at ${now}, ${answer.status} ${cacheStatus} ${JSON.stringify(body).slice(0, 300)}`,
      );
    };
    const inForce = (one: { readonly at: number }) => one.at + LEASE_MS <= now;
    if (answer.status === 404) {
      const lastPurge = Math.max(
        0,
        ...this.#purged.filter((one) => one.name === name && inForce(one)).map((one) => one.began),
      );
      const isTrue = this.#said.some(
        (one) =>
          one.name === name &&
          one.organization === null &&
          now - one.at <= NEGATIVE_MS &&
          one.began > lastPurge,
      );
      if (!isTrue) fault("a 404 that Stytch did not give");
      return;
    }
    if (answer.status !== 200) {
      if (now - this.#failedAt > Math.max(PAUSE_MS, now - began.at)) fault("an error though Stytch works");
      return;
    }
    const said = this.#said.find((one) => one.requestId === body["request_id"]);
    if (said?.organization == null) throw fault("an answer that Stytch never gave");
    if (JSON.stringify(said.organization) !== JSON.stringify(body["organization"]))
      fault("an answer that was changed");
    if (!names(said.organization).includes(name)) fault("an organization under a name that it does not bear");

    const age = now - said.at;
    if (age >= USABLE_MS) fault("an answer that is dead");
    if (age >= AT_ONCE_MS && this.#failedAt < began.at - PAUSE_MS)
      fault("an answer past its stale window though Stytch works");
    if (force && said.began < began.order) fault("an older answer to a forced read");
    const header = (of: string) => answer.headers.get(of);
    if (header("Age") !== String(Math.floor(age / 1_000))) fault(`an Age of ${header("Age")} for ${age} ms`);
    const ttl = Math.floor(FRESH_MS / 1_000) - Math.floor(age / 1_000);
    if (cacheStatus?.includes("ttl=") && !cacheStatus.includes(`ttl=${ttl};`))
      fault(`a wrong ttl for ${age} ms`);

    const all = names(said.organization);
    for (const purge of this.#purged) {
      if (inForce(purge) && all.includes(purge.name) && said.began < purge.began)
        fault(`purged as ${purge.name}`);
    }
    for (const other of this.#said) {
      if (!inForce(other) || other.began < said.began) continue;
      if (other.name === name && other.organization === null) fault("an organization that has ended");
      if (other.organization === null) continue;
      const isSame = other.organization["organization_id"] === said.organization["organization_id"];
      if (isSame !== names(other.organization).includes(name)) fault("a name that has moved");
    }
  }
}

const names = (of: Json): string[] =>
  [of["organization_id"], of["organization_slug"], of["organization_external_id"]].filter(
    (name): name is string => typeof name === "string",
  );

function failure(how: number): Response {
  switch (how) {
    case 0:
      return stytchError(503, "x");
    case 1:
      return stytchError(429, "too_many_requests");
    case 2:
      return new Response("<html>");
    case 3:
      return json({ request_id: "r", organization: {} });
    default:
      throw new TypeError("refused");
  }
}

const pause = async (ms: number) => await new Promise<void>((resolve) => setTimeout(resolve, ms));
