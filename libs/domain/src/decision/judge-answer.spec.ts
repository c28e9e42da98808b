import { flagBits } from '../flags.js';
import { judgeAnswer, type JudgedAnswer, type JudgedMember, type JudgeOptions } from './judge-answer.js';
import type { Quote } from '../quote.js';

const SLOT = 1_766_016_000;
const RECEIVED_AT = new Date((SLOT + 1) * 1000);
const SOURCE_TIME = new Date(SLOT * 1000);

function judge(
  quote: Partial<Quote> | undefined,
  {
    member = {},
    answer = {},
    options = {},
  }: {
    readonly member?: Partial<JudgedMember>;
    readonly answer?: Partial<JudgedAnswer>;
    readonly options?: Partial<JudgeOptions>;
  } = {},
) {
  const asked = { tickerId: 7, ticker: 'btc_usd', quote: 'usd', deadline: SLOT + 15, ...member };
  const readings = quote === undefined ? [] : [{ ticker: 'btc_usd', price: '100', sourceTime: SOURCE_TIME, ...quote }];
  const answered = { readings, requestedAt: new Date(SLOT * 1000), receivedAt: RECEIVED_AT, ...answer };
  return judgeAnswer([asked], SLOT, answered, { stablecoinsAtPar: false, ...options })[0];
}

const IN_TETHER = { member: { quotedIn: 'usdt' } };

describe('judging an answer', () => {
  test('keeps what the source reports, with the digits of the wire', () => {
    expect(judge({ price: '8.7e4', marketCap: '1.5e12', volume24h: '31.50' })).toEqual({
      ...{ tickerId: 7, outcome: 'accepted', price: '87000', raw: '8.7e4', isInverted: false },
      ...{ sourceTime: SOURCE_TIME, flags: 0, marketCap: '1500000000000', volume24h: '31.50' },
    });
  });

  test('a ticker that the answer leaves out is absent', () => {
    expect(judge(undefined)).toEqual({ tickerId: 7, outcome: 'failed', reason: 'absent' });
  });

  test('a ticker that cannot be read has drifted', () => {
    const readings = [{ ticker: 'btc_usd', rejected: 'drift', detail: 'field usd: found nothing' } as const];
    expect(judge({}, { answer: { readings } })).toEqual({
      ...{ tickerId: 7, outcome: 'rejected', reason: 'drift', detail: 'field usd: found nothing' },
    });
  });

  test.each([
    ['received when its own window was over', { receivedAt: new Date((SLOT + 15) * 1000) }],
    ['requested before its slot', { requestedAt: new Date(SLOT * 1000 - 1) }],
  ])('an answer that was %s is late', (_, answer) => {
    expect(judge({}, { answer })).toEqual({ tickerId: 7, outcome: 'missed', reason: 'late' });
  });

  test('what is not believed keeps its text, its time and a sentence', () => {
    expect(judge({ price: '-1' })).toMatchObject({
      ...{ outcome: 'rejected', reason: 'not_positive', raw: '-1', sourceTime: SOURCE_TIME },
      detail: '"-1" is not above 0',
    });
    const cachedAt = new Date((SLOT - 601) * 1000);
    expect(judge({}, { answer: { cachedAt } })).toMatchObject({ outcome: 'rejected', reason: 'stale', raw: '100' });
  });

  test('is by the limits of the ticker', () => {
    const member = { ruleOptions: { checks: { maximum: '99' } } };
    expect(judge({}, { member })).toMatchObject({ outcome: 'rejected', reason: 'absurd' });
  });

  test('an inverted quote is calculated, and one of a drifted field is marked', () => {
    expect(judge({ price: '0.0000125000', inverted: true })).toMatchObject({
      ...{ outcome: 'accepted', price: '80000.0', isInverted: true, flags: flagBits(['derived']) },
    });
    expect(judge({ mapped: ['usd from usdd'] })).toMatchObject({ flags: flagBits(['mapped']) });
  });

  test('numbers beside the price that cannot be read cost nothing but themselves', () => {
    expect(judge({ marketCap: 'n/a', volume24h: '' })).toMatchObject({
      ...{ outcome: 'accepted', marketCap: undefined, volume24h: undefined },
    });
  });

  describe('in another currency', () => {
    test('waits for its rate, and is never taken for the price', () => {
      expect(judge({ price: '100.50' }, IN_TETHER)).toEqual({
        ...{ tickerId: 7, outcome: 'rejected', reason: 'no_conversion_rate', raw: '100.50', isInverted: false },
        ...{ rateTicker: 'usdt_usd', flags: flagBits(['derived']), sourceTime: SOURCE_TIME },
        ...{ marketCap: undefined, volume24h: undefined },
        detail: 'quoted in usdt, and usdt_usd has no price in this slot',
      });
    });

    test('is rejected for what is wrong with itself all the same', () => {
      expect(judge({ price: '0' }, IN_TETHER)).toMatchObject({ outcome: 'rejected', reason: 'not_positive' });
    });

    test('a stablecoin is taken for a dollar by those who want it, and marked', () => {
      const options = { stablecoinsAtPar: true };
      expect(judge({ price: '100.5' }, { ...IN_TETHER, options })).toMatchObject({
        ...{ outcome: 'accepted', price: '100.5', rate: '1', rateTicker: 'usdt_usd' },
        flags: flagBits(['derived', 'at_par']),
      });
      const absurd = { quotedIn: 'usdc', ruleOptions: { checks: { maximum: '99' } } };
      expect(judge({}, { member: absurd, options })).toMatchObject({
        outcome: 'rejected',
        reason: 'absurd',
        rate: '1',
      });
    });

    test('anything else is not: no euro and no bitcoin is at par with a dollar', () => {
      const options = { stablecoinsAtPar: true };
      for (const member of [{ quotedIn: 'btc' }, { quotedIn: 'eur' }, { quotedIn: 'usdt', quote: 'eur' }]) {
        expect(judge({}, { member, options })).toMatchObject({ outcome: 'rejected', reason: 'no_conversion_rate' });
      }
    });
  });
});
