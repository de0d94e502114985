/** KV as the model test plays it: in memory, by the clock of the test, seen late in one of two locations, with faults. */
import { env } from "cloudflare:workers";
import { vi } from "vitest";

/** How long another location may see KV as it was. */
const KV_LAG_MS = 60_000;

interface StoredValue {
  readonly value: ArrayBuffer;
  readonly metadata: unknown;
  readonly expiresAt: number;
}

interface KvRead {
  readonly value: ArrayBuffer | null;
  readonly metadata: unknown;
}

export class ModelKv {
  readonly #values = new Map<string, StoredValue>();
  /** KV as the location sees it that lags. */
  readonly #seenLate = new Map<string, KvRead & { readonly at: number }>();
  #readsFail = false;
  #writesFail = false;

  /** Takes the writes of the objects, until mocks are restored. */
  constructor() {
    const prototype = Object.getPrototypeOf(env.ORGANIZATIONS) as KVNamespace;
    vi.spyOn(prototype, "put").mockImplementation((async (
      key: string,
      value: string | ArrayBuffer | ArrayBufferView,
      { metadata, expirationTtl }: { metadata: unknown; expirationTtl: number },
    ) => {
      await this.#write();
      const bytes = await new Response(value).arrayBuffer();
      this.#values.set(key, { value: bytes, metadata, expiresAt: Date.now() + expirationTtl * 1_000 });
    }) as never);
    vi.spyOn(prototype, "delete").mockImplementation(async (key) => {
      await this.#write();
      this.#values.delete(key);
    });
  }

  setReadsFail(fail: boolean): void {
    this.#readsFail = fail;
  }

  setWritesFail(fail: boolean): void {
    this.#writesFail = fail;
  }

  /** The binding of an isolate, which reads only. */
  binding(lags: boolean): { getWithMetadata(key: string): Promise<KvRead> } {
    return { getWithMetadata: async (key) => await this.#read(key, lags) };
  }

  async #read(key: string, lags: boolean): Promise<KvRead> {
    if (this.#readsFail) throw new Error("KV GET failed: 500");
    const seen = lags ? this.#seenLate.get(key) : undefined;
    if (seen !== undefined && Date.now() - seen.at < KV_LAG_MS) return copyOf(seen);
    await scheduler.wait(0);
    const stored = this.#values.get(key);
    const read = stored !== undefined && Date.now() < stored.expiresAt ? stored : NOTHING;
    if (lags) this.#seenLate.set(key, { at: Date.now(), ...copyOf(read) });
    return copyOf(read);
  }

  async #write(): Promise<void> {
    await scheduler.wait(0);
    if (this.#writesFail) throw new Error("KV PUT failed: 429 Too Many Requests");
  }
}

const NOTHING: KvRead = { value: null, metadata: null };

const copyOf = ({ value, metadata }: KvRead): KvRead => ({ value: value?.slice(0) ?? null, metadata });
