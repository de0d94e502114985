import { describe, expect, test } from "vitest";
import { fullBucket, type Limit, tokensIn } from "../../src/limits/bucket.ts";
import {
  advanceTo,
  allocate,
  changeLedgerLimit,
  createLedger,
  grantSize,
  holdMs,
  type Ledger,
  type TokenRequest,
} from "../../src/limits/bucket-ledger.ts";

const NOW = 1_800_000_000_000;
const LIFE = 5_000;
const of = (limit: number, period_seconds: number): Limit => ({ limit, period_seconds });
/** A token a second. */
const LIMIT = of(100, 100);
const askOf = (fields: Partial<TokenRequest> = {}): TokenRequest => ({
  isolateId: "a",
  ttlMs: LIFE,
  needsToken: false,
  prefetch: 0,
  held: 0,
  returned: [],
  ...fields,
});
const level = (account: Ledger, now = NOW) => tokensIn(advanceTo(account, LIMIT, now).level, LIMIT);

/** A bucket that a sequence of questions has been put to. */
function object(limit = LIMIT, begin: Ledger = createLedger(fullBucket(limit, NOW))) {
  const self = {
    account: begin,
    ask: (fields: Partial<TokenRequest>, now = NOW) => {
      const answered = allocate(self.account, limit, askOf(fields), now);
      self.account = answered.account;
      return { ...answered.answer, changed: answered.changed, left: tokensIn(answered.answer.level, limit) };
    },
  };
  return self;
}

describe("a grant's size", () => {
  test.each([
    [1, 99, of(100, 3_600), 1, "what is wanted"],
    [200, 99, of(100, 3_600), 1, "1/64 of what is left"],
    [200, 49, of(50, 3_600), 0, "1/64 of less than 64: none"],
    [200, 9_999, of(10_000, 86_400), 156, "1/64 of what is left, of a slow limit"],
    [200, 599, of(600, 60), 20, "two seconds of refill"],
    [200, 6_000, of(6_000, 60), 200, "what is wanted, of a fast limit"],
    [200, 100, of(100, 1), 25, "a quarter of what is left, of a period of a second"],
    [200, 1_000, of(100, 1), 50, "half a period of a second"],
    [200, 400, of(6_000, 60), 200, "all that is wanted, of what is scarce"],
    [200, 80, of(6_000, 60), 80, "all that is left, of what is scarce"],
    [200, 0, of(6_000, 60), 0, "nothing of nothing"],
    [0, 6_000, of(6_000, 60), 0, "nothing where nothing is wanted"],
    [200, 160, of(1_000, 5), 40, "a quarter of what is left"],
  ])("of %i wanted and %i left under %o is %i: %s", (wanted, left, limit, size) => {
    expect(grantSize(wanted, 0, left, limit, false)).toBe(size);
  });
});

test("an isolate that is alone gets two fifths of what is left at a time, and one whose calls wait as much more as they are", () => {
  const LIMITED = of(6_000, 60);
  expect(grantSize(200, 0, 400, of(1_000, 5), true)).toBe(160);
  expect(grantSize(500, 0, 4_000, LIMITED, true)).toBe(200);
  expect(grantSize(500, -30, 4_000, LIMITED, true)).toBe(230);
});

describe("a call that would be refused is kept", () => {
  const kept = (limit: Limit, msLeft: number, granted: boolean | null = false) => {
    const { account } = object(limit, createLedger({ level: 0, at: NOW }));
    const { answer: answered } = allocate(
      account,
      limit,
      askOf({ needsToken: granted !== null }),
      NOW + tokenMs(limit) - msLeft,
    );
    return holdMs(answered);
  };
  const tokenMs = ({ limit, period_seconds }: Limit) => (period_seconds * 1_000) / limit;

  test("for as long as its token takes, where that is no longer than messages are late", () => {
    expect([1, 300, 301].map((ms) => kept(of(1, 60), ms))).toEqual([1, 300, null]);
  });

  test("not where tokens come fast: another comes soon", () => {
    expect(kept(of(10, 3), 100)).toBe(100);
    expect(kept(of(10, 2), 100)).toBeNull();
  });

  test("only if it is refused: not where its token is there, nor where nobody waits for one", () => {
    expect([kept(of(1, 60), 0), kept(of(1, 60), 100, null)]).toEqual([null, null]);
  });
});

test("what is in hand already is not granted again", () => {
  const LIMITED = of(600, 60);
  expect([0, 5, 19, 20, 300].map((held) => grantSize(200, held, 599, LIMITED, false))).toEqual([
    20, 15, 1, 0, 0,
  ]);
});

describe("a token for a call that waits", () => {
  test("is spent as it is taken, and refills from then on", () => {
    const { ask } = object();
    expect(ask({ needsToken: true })).toMatchObject({ granted: true, grant: null, left: 99, changed: true });
    expect(ask({}, NOW + 1_000)).toMatchObject({ granted: null, left: 100, changed: false });
  });

  test("is refused where there is none, which changes nothing and brings no grant", () => {
    const { ask } = object(LIMIT, createLedger({ level: 0, at: NOW }));
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
  test("keeps its place in the bucket until it is settled", () => {
    const one = object();
    expect(one.ask({ prefetch: 1 })).toMatchObject({ grant: { id: 1, tokens: 1 }, left: 99 });
    expect(level(one.account, NOW + 3_000)).toBe(99);
    expect(one.ask({ returned: [{ id: 1, unused: 0 }] }, NOW + 3_000)).toMatchObject({
      left: 99,
      changed: true,
    });
    expect(level(one.account, NOW + 4_000)).toBe(100);
  });

  test("gives back what is unused, once, and never more than it was", () => {
    const one = object(of(100, 10));
    expect(one.ask({ prefetch: 20 })).toMatchObject({ grant: { id: 1, tokens: 20 }, left: 80 });
    expect(one.ask({ returned: [{ id: 1, unused: 15 }] })).toMatchObject({ left: 95 });
    expect(one.ask({ returned: [{ id: 1, unused: 15 }] })).toMatchObject({ left: 95, changed: false });
    expect(one.ask({ prefetch: 10 })).toMatchObject({ grant: { id: 3, tokens: 10 }, left: 85 });
    expect(one.ask({ returned: [{ id: 3, unused: 1_000 }] })).toMatchObject({ left: 95 });
  });

  test("is over a second after its life, and counts as spent from then on, exactly", () => {
    const one = object();
    one.ask({ prefetch: 1 });
    const over = NOW + LIFE + 1_000;
    expect(level(one.account, over + 999)).toBe(99);
    expect(level(one.account, over + 1_000)).toBe(100);
    expect(one.ask({ returned: [{ id: 1, unused: 1 }] }, over)).toMatchObject({ left: 99 });
  });

  test("that is over long before anybody asks gives its place back at its time, each its own", () => {
    const limit = of(100, 10);
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

  test("is one of 250 at most: whoever comes later takes tokens one by one", () => {
    const one = object(of(1_000_000, 60));
    for (let i = 0; i < 250; i += 1) expect(one.ask({ prefetch: 1 }).grant).not.toBeNull();
    expect(one.ask({ needsToken: true, prefetch: 1 })).toMatchObject({ granted: true, grant: null });
    one.ask({ returned: [{ id: 1, unused: 0 }] });
    expect(one.ask({ prefetch: 1 }).grant).toMatchObject({ tokens: 1 });
  });
});

describe("an isolate is told that it is alone", () => {
  test("until another takes a token, and again when that one has taken none for two lives of a grant", () => {
    const { ask } = object();
    expect(ask({ needsToken: true }).isSoleConsumer).toBe(true);
    expect(ask({ isolateId: "b" }, NOW + 10).isSoleConsumer).toBe(false);
    expect(ask({ needsToken: true }, NOW + 20).isSoleConsumer).toBe(true);
    expect(ask({ isolateId: "b", needsToken: true }, NOW + 30).isSoleConsumer).toBe(false);
    expect(ask({ needsToken: true }, NOW + 40).isSoleConsumer).toBe(false);
    expect(ask({ needsToken: true }, NOW + 30 + 2 * LIFE - 1).isSoleConsumer).toBe(false);
    expect(ask({ needsToken: true }, NOW + 30 + 2 * LIFE).isSoleConsumer).toBe(true);
  });

  test("though another asks and is refused", () => {
    const { ask } = object(of(1, 3_600));
    ask({ needsToken: true });
    expect(ask({ isolateId: "b", needsToken: true }).granted).toBe(false);
    expect(ask({}).isSoleConsumer).toBe(true);
  });
});

describe("an answer says when the whole quota will be there", () => {
  test("if nobody takes anything: to the millisecond", () => {
    const { ask } = object();
    expect(ask({ needsToken: true }).msUntilFull).toBe(1_000);
    expect(ask({}, NOW + 400).msUntilFull).toBe(600);
    expect(ask({}, NOW + 1_000).msUntilFull).toBe(0);
  });

  test("and if all that is in hands is lost: it refills from when that is over", () => {
    const { ask } = object();
    expect(ask({ needsToken: true, prefetch: 1 }).msUntilFull).toBe(LIFE + 1_000 + 1_000);
    expect(ask({}, NOW + 3_000).msUntilFull).toBe(LIFE + 1_000 - 3_000 + 1_000);
    expect(ask({ returned: [{ id: 1, unused: 0 }] }, NOW + 3_000).msUntilFull).toBe(1_000);
  });
});

describe("answers are numbered", () => {
  test("anew with each change, and with none where nothing changed", () => {
    const { ask } = object(of(2, 60));
    const numbers = [{ needsToken: true }, {}, { needsToken: true }, { needsToken: true }, {}].map(
      (fields) => ask(fields).sequence,
    );
    expect(numbers).toEqual([1, 1, 2, 2, 2]);
  });
});

describe("under another limit", () => {
  const granted = () => {
    const one = object(of(1_000, 10));
    one.ask({ prefetch: 100 });
    return one.account;
  };
  const left = (account: Ledger, limit: Limit, now = NOW) =>
    tokensIn(advanceTo(account, limit, now).level, limit);

  test("what is in hands keeps its place, and no more is left than the new one holds besides", () => {
    expect(left(changeLedgerLimit(granted(), of(1_000, 10), of(300, 10), NOW), of(300, 10))).toBe(200);
    expect(left(changeLedgerLimit(granted(), of(1_000, 10), of(50, 10), NOW), of(50, 10))).toBe(0);
    expect(left(changeLedgerLimit(granted(), of(1_000, 10), of(5_000, 10), NOW), of(5_000, 10))).toBe(900);
  });

  test("where there was none it begins full: what is in hands is of the one before", () => {
    const anew = changeLedgerLimit(granted(), null, of(500, 10), NOW + 1_000);
    expect(left(anew, of(500, 10), NOW + 1_000)).toBe(500);
    expect(anew.grants).toEqual([]);
  });

  test("it is as of now", () => {
    const used = { ...createLedger({ level: 0, at: NOW }) };
    expect(
      left(changeLedgerLimit(used, of(100, 100), of(200, 100), NOW + 10_000), of(200, 100), NOW + 10_000),
    ).toBe(10);
  });

  test("what is given back is not more than it holds, and is not granted again", () => {
    const limit = of(10, 3_600);
    const one = object(limit, changeLedgerLimit(granted(), of(1_000, 10), limit, NOW));
    expect(one.ask({ needsToken: true, prefetch: 100, returned: [{ id: 1, unused: 100 }] })).toMatchObject({
      granted: true,
      left: 9,
    });
  });

  test("a grant is never named as one before", () => {
    const limit = of(1_000, 10);
    const again = object(limit, changeLedgerLimit(granted(), null, limit, NOW));
    expect(again.ask({ isolateId: "b", prefetch: 10 }).grant?.id).toBeGreaterThan(1);
    expect(again.ask({ returned: [{ id: 1, unused: 100 }] }).left).toBe(990);
  });
});
