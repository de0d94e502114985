import { describe, expect, test } from "vitest";
import { fullBucket, type Limit, tokensIn } from "../../src/limits/bucket.ts";
import {
  advanceTo,
  allocate,
  changeLedgerLimit,
  createLedger,
  type Ledger,
} from "../../src/limits/bucket-ledger.ts";
import type { TokenRequest } from "../../src/limits/messages.ts";
import { NOW } from "../support/clock.ts";
import { limitOf, TTL } from "../support/token-pool.ts";

/** A token a second. */
const LIMIT = limitOf(100, 100);
const requestOf = (fields: Partial<TokenRequest> = {}): TokenRequest => ({
  isolateId: "a",
  ttlMs: TTL,
  needsToken: false,
  prefetch: 0,
  held: 0,
  returned: [],
  ...fields,
});
const leftIn = (ledger: Ledger, now = NOW, limit = LIMIT) =>
  tokensIn(advanceTo(ledger, limit, now).level, limit);

/** A ledger that handles one request after another. */
function createObject(limit = LIMIT, begin: Ledger = createLedger(fullBucket(limit, NOW))) {
  const self = {
    ledger: begin,
    ask: (fields: Partial<TokenRequest>, now = NOW) => {
      const { ledger, response, changed } = allocate(self.ledger, limit, requestOf(fields), now);
      self.ledger = ledger;
      return { ...response, changed, left: tokensIn(response.level, limit) };
    },
  };
  return self;
}

describe("a token for a waiting call", () => {
  test("a token for a waiting call is spent when it is taken, and refills from then on", () => {
    const { ask } = createObject();
    expect(ask({ needsToken: true })).toMatchObject({ granted: true, grant: null, left: 99, changed: true });
    expect(ask({}, NOW + 1_000)).toMatchObject({ granted: null, left: 100, changed: false });
  });

  test("calls that wait together have a token each, as far as there are any, and none twice", () => {
    const { ask } = createObject();
    expect(ask({ needsToken: true, alsoWaiting: 59 })).toMatchObject({
      granted: true,
      alsoGranted: 59,
      left: 40,
    });
    expect(ask({ needsToken: true, alsoWaiting: 59 })).toMatchObject({
      granted: true,
      alsoGranted: 39,
      left: 0,
    });
    expect(ask({ needsToken: true, alsoWaiting: 59 })).toMatchObject({
      granted: false,
      alsoGranted: 0,
      left: 0,
    });
    expect(ask({}, NOW + 10_000)).toMatchObject({ granted: null, alsoGranted: 0, left: 10 });
  });

  test("no token is spent for calls that wait beside one that may not have any", () => {
    const { ask } = createObject();
    expect(ask({ needsToken: false, alsoWaiting: 5 })).toMatchObject({
      granted: null,
      alsoGranted: 0,
      left: 100,
    });
  });

  test("a refusal changes nothing and brings no grant", () => {
    const { ask } = createObject(LIMIT, createLedger({ level: 0, at: NOW }));
    expect(ask({ needsToken: true, prefetch: 5 }, NOW + 999)).toMatchObject({
      granted: false,
      grant: null,
      changed: false,
    });
    expect(ask({ needsToken: true, prefetch: 5 }, NOW + 1_000)).toMatchObject({
      granted: true,
      grant: null,
      left: 0,
    });
  });
});

describe("a grant", () => {
  test("a granted token keeps its place in the bucket until it is reported as spent", () => {
    const one = createObject();
    expect(one.ask({ prefetch: 1 })).toMatchObject({ grant: { id: 1, tokens: 1 }, left: 99 });
    expect(leftIn(one.ledger, NOW + 3_000)).toBe(99);
    expect(one.ask({ returned: [{ id: 1, unused: 0 }] }, NOW + 3_000)).toMatchObject({
      left: 99,
      changed: true,
    });
    expect(leftIn(one.ledger, NOW + 4_000)).toBe(100);
  });

  test("unused tokens of a grant are returned once, and never more than it had", () => {
    const one = createObject(limitOf(100, 10));
    expect(one.ask({ prefetch: 20 })).toMatchObject({ grant: { id: 1, tokens: 20 }, left: 80 });
    expect(one.ask({ returned: [{ id: 1, unused: 15 }] })).toMatchObject({ left: 95 });
    expect(one.ask({ returned: [{ id: 1, unused: 15 }] })).toMatchObject({ left: 95, changed: false });
    expect(one.ask({ prefetch: 10 })).toMatchObject({ grant: { id: 3, tokens: 10 }, left: 85 });
    expect(one.ask({ returned: [{ id: 3, unused: 1_000 }] })).toMatchObject({ left: 95 });
  });

  test("a grant expires a second after its TTL, and counts as spent from then on", () => {
    const one = createObject();
    one.ask({ prefetch: 1 });
    const over = NOW + TTL + 1_000;
    expect(leftIn(one.ledger, over + 999)).toBe(99);
    expect(leftIn(one.ledger, over + 1_000)).toBe(100);
    expect(one.ask({ returned: [{ id: 1, unused: 1 }] }, over)).toMatchObject({ left: 99 });
  });

  test("each expired grant gives its place back at its own time, even if nobody asks", () => {
    const limit = limitOf(100, 10);
    const begin = { ...createLedger({ level: 0, at: NOW }), lastId: 2 };
    const grants = [
      { id: 2, tokens: 40, until: NOW + 20_000 },
      { id: 1, tokens: 50, until: NOW + 5_000 },
    ];
    const at = (ms: number) => tokensIn(advanceTo({ ...begin, grants }, limit, NOW + ms).level, limit);
    // Ten tokens a second, up to 10; from the fifth second on up to 60, from the twentieth up to 100.
    expect([
      at(500),
      at(5_000),
      at(6_000),
      at(9_999),
      at(10_000),
      at(20_000),
      at(21_000),
      at(24_000),
    ]).toEqual([5, 10, 20, 59, 60, 60, 70, 100]);
  });

  test("beyond 250 grants, an isolate gets tokens one by one", () => {
    const one = createObject(limitOf(1_000_000, 60));
    for (let i = 0; i < 250; i += 1) expect(one.ask({ prefetch: 1 }).grant).not.toBeNull();
    expect(one.ask({ needsToken: true, prefetch: 1 })).toMatchObject({ granted: true, grant: null });
    one.ask({ returned: [{ id: 1, unused: 0 }] });
    expect(one.ask({ prefetch: 1 }).grant).toMatchObject({ tokens: 1 });
  });
});

describe("a sole consumer", () => {
  test("an isolate is a sole consumer unless another took a token within two TTLs", () => {
    const { ask } = createObject();
    expect(ask({ needsToken: true }).isSoleConsumer).toBe(true);
    expect(ask({ isolateId: "b" }, NOW + 10).isSoleConsumer).toBe(false);
    expect(ask({ needsToken: true }, NOW + 20).isSoleConsumer).toBe(true);
    expect(ask({ isolateId: "b", needsToken: true }, NOW + 30).isSoleConsumer).toBe(false);
    expect(ask({ needsToken: true }, NOW + 40).isSoleConsumer).toBe(false);
    expect(ask({ needsToken: true }, NOW + 30 + 2 * TTL - 1).isSoleConsumer).toBe(false);
    expect(ask({ needsToken: true }, NOW + 30 + 2 * TTL).isSoleConsumer).toBe(true);
  });

  test("an isolate stays the sole consumer if another asks and is refused", () => {
    const { ask } = createObject(limitOf(1, 3_600));
    ask({ needsToken: true });
    expect(ask({ isolateId: "b", needsToken: true }).granted).toBe(false);
    expect(ask({}).isSoleConsumer).toBe(true);
  });
});

describe("the time until the bucket is full", () => {
  test("a response says to the millisecond when the bucket is full if nobody calls", () => {
    const { ask } = createObject();
    expect(ask({ needsToken: true }).msUntilFull).toBe(1_000);
    expect(ask({}, NOW + 400).msUntilFull).toBe(600);
    expect(ask({}, NOW + 1_000).msUntilFull).toBe(0);
  });

  test("the time until the bucket is full assumes that all granted tokens are lost", () => {
    const { ask } = createObject();
    expect(ask({ needsToken: true, prefetch: 1 }).msUntilFull).toBe(TTL + 1_000 + 1_000);
    expect(ask({}, NOW + 3_000).msUntilFull).toBe(TTL + 1_000 - 3_000 + 1_000);
    expect(ask({ returned: [{ id: 1, unused: 0 }] }, NOW + 3_000).msUntilFull).toBe(1_000);
  });
});

describe("the sequence of responses", () => {
  test("each change of the ledger gives a new sequence number, and nothing else does", () => {
    const { ask } = createObject(limitOf(2, 60));
    const numbers = [{ needsToken: true }, {}, { needsToken: true }, { needsToken: true }, {}].map(
      (fields) => ask(fields).sequence,
    );
    expect(numbers).toEqual([1, 1, 2, 2, 2]);
  });
});

describe("a changed limit", () => {
  const granted = () => {
    const one = createObject(limitOf(1_000, 10));
    one.ask({ prefetch: 100 });
    return one.ledger;
  };
  const left = (ledger: Ledger, limit: Limit, now = NOW) => leftIn(ledger, now, limit);

  test("granted tokens keep their places under a changed limit, which holds the rest", () => {
    const leftOf = (limit: Limit) =>
      left(changeLedgerLimit(granted(), limitOf(1_000, 10), limit, NOW), limit);
    expect(leftOf(limitOf(300, 10))).toBe(200);
    expect(leftOf(limitOf(50, 10))).toBe(0);
    expect(leftOf(limitOf(5_000, 10))).toBe(900);
  });

  test("a limit on a key that had none begins full and without grants", () => {
    const anew = changeLedgerLimit(granted(), null, limitOf(500, 10), NOW + 1_000);
    expect(left(anew, limitOf(500, 10), NOW + 1_000)).toBe(500);
    expect(anew.grants).toEqual([]);
  });

  test("a changed limit keeps what has refilled until now", () => {
    const [used, limit] = [createLedger({ level: 0, at: NOW }), limitOf(200, 100)];
    const changed = changeLedgerLimit(used, limitOf(100, 100), limit, NOW + 10_000);
    expect(left(changed, limit, NOW + 10_000)).toBe(10);
  });

  test("returned tokens do not exceed a lowered limit", () => {
    const limit = limitOf(10, 3_600);
    const one = createObject(limit, changeLedgerLimit(granted(), limitOf(1_000, 10), limit, NOW));
    expect(one.ask({ needsToken: true, prefetch: 100, returned: [{ id: 1, unused: 100 }] })).toMatchObject({
      granted: true,
      left: 9,
    });
  });

  test("returned tokens leave the place of other grants under a lowered limit", () => {
    const one = createObject(limitOf(1_000, 10), granted());
    one.ask({ isolateId: "b", prefetch: 30 });
    const limit = limitOf(50, 3_600);
    const lowered = createObject(limit, changeLedgerLimit(one.ledger, limitOf(1_000, 10), limit, NOW));
    expect(lowered.ledger.grants).toMatchObject([{ tokens: 100 }, { tokens: 30 }]);
    expect(lowered.ask({ returned: [{ id: 1, unused: 100 }] }).left).toBe(20);
  });

  test("the ID of a grant is never used again, even if the limit was lifted meanwhile", () => {
    const limit = limitOf(1_000, 10);
    const again = createObject(limit, changeLedgerLimit(granted(), null, limit, NOW));
    expect(again.ask({ isolateId: "b", prefetch: 10 }).grant?.id).toBeGreaterThan(1);
    expect(again.ask({ returned: [{ id: 1, unused: 100 }] }).left).toBe(990);
  });
});
