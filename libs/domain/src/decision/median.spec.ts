import fc from 'fast-check';
import { compareDecimals } from '../decimal.js';
import { flagBits } from '../flags.js';
import { decideByMedian, type AcceptedPrice } from './median.js';
import { DEFAULT_MEDIAN_LIMITS, type MedianLimits } from './rule-options.js';

/** Accepted samples of sources 1, 2, 3... */
function accepted(...prices: (string | [price: string, flags: number])[]): AcceptedPrice[] {
  return prices.map((given, index) => {
    const [price, flags] = typeof given === 'string' ? [given, 0] : given;
    return { sourceId: index + 1, price, flags };
  });
}

function medianOf(prices: AcceptedPrice[], limits: Partial<MedianLimits> = {}) {
  return decideByMedian(prices, { ...DEFAULT_MEDIAN_LIMITS, ...limits });
}

describe('rule "median"', () => {
  test('of an odd number it is the digits of the one in the middle', () => {
    expect(medianOf(accepted('100.20', '100.10', '100.30'))).toEqual({
      outcome: 'price',
      price: '100.20',
      uncertainty: undefined,
      flags: 0,
      used: [2, 1, 3],
      outliers: [],
      spread: '0.001996',
    });
  });

  test('of an even number it is the exact mean of the two in the middle, and derived', () => {
    expect(medianOf(accepted('0.1', '0.1000000000000000000000000001'), { maximumSpread: '1' })).toMatchObject({
      price: '0.10000000000000000000000000005',
      flags: flagBits(['derived']),
    });
    expect(medianOf(accepted('10', '10.01'))).toMatchObject({ price: '10.005' });
  });

  test('of two that are equal it is the digits of a sample, and not derived', () => {
    expect(medianOf(accepted('10.50', '10.5'))).toMatchObject({ price: '10.50', flags: 0, spread: '0' });
  });

  test.each<[what: string, prices: [price: string, uncertainty?: string][], uncertainty: string | undefined]>([
    ['half a unit of its last digit', [['10.1'], ['10.2'], ['10.3']], undefined],
    ['as well as the one in the middle', [['10.10'], ['10.20', '0.031'], ['10.30']], '0.031'],
    ['half a unit of the last digit of two, of which it is the mean', [['10.1'], ['10.2']], '0.05'],
    ['and that may be half a unit of its own', [['10.1'], ['10.3']], undefined],
    ['as well as both together', [['10.10'], ['10.20', '0.03']], '0.0175'],
    ['less well when a neighbour may lie in the middle', [['10.1'], ['10.12'], ['10.13']], '0.015'],
    ['no less well for one that lies at the edge whatever it is', [['9.90', '0.1'], ['10.12'], ['10.13']], undefined],
  ])('is known to %s', (_, prices, uncertainty) => {
    const given = prices.map(([price, known], index) => ({ sourceId: index + 1, price, uncertainty: known, flags: 0 }));
    expect(medianOf(given, { maximumSpread: '1', outlierFloor: '1' })).toMatchObject({ uncertainty });
  });

  test('tells what is special about the samples that it is made of', () => {
    const [derived, mapped, atPar] = [flagBits(['derived']), flagBits(['mapped']), flagBits(['at_par'])];
    expect(medianOf(accepted('10', ['10.01', derived], '10.02'))).toMatchObject({ flags: derived });
    expect(medianOf(accepted(['10', derived], '10.01', '10.02'))).toMatchObject({ flags: 0 });
    expect(medianOf(accepted(['10', mapped | derived], '10.01', ['10.02', atPar]))).toMatchObject({
      flags: mapped | atPar,
    });
    expect(medianOf(accepted('10', '10.01', '10.02', ['99', mapped]))).toMatchObject({ flags: 0, outliers: [4] });
  });

  test.each<[what: string, prices: string[], outliers: number[]]>([
    ['one that is a quarter off', ['100', '100.1', '125', '99.9'], [3]],
    ['two that are off alike, among five', ['125', '100', '100.1', '125', '99.9'], [1, 4]],
    ['nobody of three equal ones and one a hair off', ['100', '100', '100', '100.1'], []],
    ['one far from three equal ones', ['100', '100', '100', '100.3'], [4]],
    ['nobody when all lie apart alike', ['100', '100.4', '100.8', '101.2'], []],
  ])('leaves out %s', (_, prices, outliers) => {
    expect(medianOf(accepted(...prices))).toMatchObject({ outcome: 'price', outliers });
  });

  test.each<[what: string, prices: string[], limits: Partial<MedianLimits>, reason: string]>([
    ['nobody was accepted', [], {}, 'no_quorum'],
    ['one is fewer than two', ['100'], {}, 'no_quorum'],
    ['two are fewer than three', ['100', '100'], { minimumSources: 3 }, 'no_quorum'],
    ['two lie too far apart', ['100', '103'], {}, 'disagreement'],
    ['three lie too far apart', ['100', '110', '130'], {}, 'disagreement'],
    ['too few are left without the outliers', ['100', '100', '125'], { minimumSources: 3 }, 'disagreement'],
  ])('refuses when %s', (_, prices, limits, reason) => {
    expect(medianOf(accepted(...prices), limits)).toEqual({ outcome: 'refused', reason });
  });

  test('takes the largest distance that is allowed and refuses what is a hair more', () => {
    expect(medianOf(accepted('99', '101')).outcome).toBe('price');
    expect(medianOf(accepted('99', '101.00000000000000000001')).outcome).toBe('refused');
  });

  test('of one source, where one is enough, it is that one', () => {
    expect(medianOf(accepted('7.70'), { minimumSources: 1 })).toMatchObject({ price: '7.70', spread: '0', flags: 0 });
    expect(medianOf([], { minimumSources: 0 })).toEqual({ outcome: 'refused', reason: 'no_quorum' });
  });

  test('lies between the lowest and the highest used, however the samples are ordered', () => {
    const price = fc.integer({ min: 99_000, max: 101_000 }).map((thousandths) => `${thousandths / 1000}`);
    fc.assert(
      fc.property(fc.array(price, { minLength: 2, maxLength: 9 }), (prices) => {
        const samples = accepted(...prices);
        const median = medianOf(samples, { maximumSpread: '1' });
        expect(medianOf([...samples].reverse(), { maximumSpread: '1' })).toMatchObject({
          outcome: median.outcome,
          ...('price' in median ? { used: median.used } : {}),
        });
        if (median.outcome === 'refused') return;
        const used = samples.filter(({ sourceId }) => median.used.includes(sourceId)).map((sample) => sample.price);
        expect(used.some((one) => compareDecimals(one, median.price) <= 0)).toBe(true);
        expect(used.some((one) => compareDecimals(one, median.price) >= 0)).toBe(true);
        expect([...median.used, ...median.outliers].sort()).toEqual(samples.map(({ sourceId }) => sourceId));
      }),
    );
  });

  test('fewer than half of the sources cannot move it away from the honest ones', () => {
    const honest = fc.integer({ min: 99_900, max: 100_100 }).map((thousandths) => `${thousandths / 1000}`);
    const wrong = fc.constantFrom('1', '75', '125', '1000000');
    fc.assert(
      fc.property(fc.array(honest, { minLength: 3, maxLength: 6 }), fc.array(wrong, { maxLength: 2 }), (good, bad) => {
        const median = medianOf(accepted(...good, ...bad));
        if (median.outcome === 'refused') return;
        expect(Math.abs(Number(median.price) - 100)).toBeLessThanOrEqual(0.1);
      }),
    );
  });
});
