import { flagBits, type PriceFlag } from '@app/domain';
import type { Explanation } from '@app/storage';
import { summaryOf } from './explain-summary.js';

/** A slot with a price of the first source, with some flags. */
function storedWith(flags: readonly PriceFlag[]): Explanation {
  return {
    ...{ slot: 1_766_000_000, bodies: new Map(), state: 'stored', schedule: undefined, gap: undefined, rates: [] },
    price: {
      price: '1',
      uncertainty: null,
      source: 'kraken',
      observedAt: 1_766_000_000.5,
      flags: flagBits(flags),
      revision: 0,
      consensus: null,
    },
    ...{ slotSources: [], revisions: [] },
  };
}

describe('the summary of a price', () => {
  it.each<[PriceFlag[], string]>([
    [[], ''],
    [['derived'], ''],
    [['unconfirmed'], ' Unconfirmed: far from the last confirmed price for ten minutes, and nothing has confirmed it.'],
    [['frozen'], ' Frozen: its source has reported the same digits for long, and no other source reported meanwhile.'],
  ])('says what its flags %j say against it', (flags, doubt) => {
    expect(summaryOf('btc_usd', storedWith(flags))).toBe(
      `kraken is the first source in order that was accepted.${doubt}`,
    );
  });
});
