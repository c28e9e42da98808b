import { candleBucketOf } from '@app/domain';
import { MIDNIGHT } from '../../../../test/builders/simulated-past.js';
import { placesOf, LIVING_LIMIT_MS, SabotagedPast } from '../../../../test/builders/sabotaged-past.js';

const BTC = `ticker_id = (SELECT id FROM tickers WHERE ticker = 'btc_usd')`;
/** An hour that lies in two months' partitions' neighbourhood: the last one of February. */
const HOUR = candleBucketOf(MIDNIGHT - 70);
const CANDLE = `${BTC} AND bucket = ${HOUR}`;

describe('I6', () => {
  let past: SabotagedPast;
  let newestSlot: number;
  beforeAll(async () => {
    past = await SabotagedPast.open();
    const newest = await past.database.pool.query<{ slot: number }>(
      `SELECT max(slot) AS slot FROM prices WHERE ${BTC}`,
    );
    newestSlot = newest.rows[0]?.slot ?? 0;
  }, LIVING_LIMIT_MS);
  afterAll(() => past.close());

  const places = async (statement: string) => placesOf(await past.findingsAfter([statement]));

  it.each([
    ['price', 'price = price + 0.001'],
    ['digits of the price', 'price = trim_scale(price)'],
    ['source', 'source_id = 2'],
    ['time', `observed_at = observed_at + interval '1 second'`],
    ['flags', 'flags = 1'],
  ])('finds and names a latest whose %s was altered', async (_what, change) => {
    expect(await places(`UPDATE latest SET ${change} WHERE ${BTC}`)).toContainEqual({
      invariant: 'I6',
      problem: 'latest differs from the newest price',
      ticker: 'btc_usd',
      slot: newestSlot,
    });
  });

  it('finds and names a latest that stayed behind', async () => {
    const found = await places(`UPDATE latest SET slot = slot - 7 WHERE ${BTC}`);
    expect(found).toContainEqual({
      invariant: 'I6',
      problem: 'latest differs from the newest price',
      ticker: 'btc_usd',
      slot: newestSlot - 7,
    });
  });

  it('finds and names a latest that is missing', async () => {
    expect(await places(`DELETE FROM latest WHERE ${BTC}`)).toContainEqual({
      invariant: 'I6',
      problem: 'latest is missing',
      ticker: 'btc_usd',
      slot: newestSlot,
    });
  });

  it('finds and names a latest that no price stands behind', async () => {
    expect(await places(`UPDATE latest SET ticker_id = 999 WHERE ${BTC}`)).toContainEqual({
      invariant: 'I6',
      problem: 'latest of a ticker without prices',
      ticker: 'ticker id 999',
      slot: newestSlot,
    });
  });

  it.each(['open', 'open_slot', 'high', 'low', 'close', 'close_slot', 'count'])(
    'finds and names a candle whose %s was altered',
    async (column) => {
      const findings = await past.findingsAfter([`UPDATE candles SET ${column} = ${column} + 1 WHERE ${CANDLE}`]);
      const problem = findings
        .find(({ invariant }) => invariant === 'I6')
        ?.problems.find(({ problem }) => problem === 'candle differs from its prices');
      expect(problem).toMatchObject({ count: 1, examples: [{ ticker: 'btc_usd', slot: HOUR }] });
      expect(problem?.examples[0]?.detail).toMatch(new RegExp(`^${column} is .*, the prices give [\\d.]+$`));
    },
  );

  it('finds and names a candle that is missing', async () => {
    expect(await places(`DELETE FROM candles WHERE ${CANDLE}`)).toContainEqual({
      invariant: 'I6',
      problem: 'candle is missing',
      ticker: 'btc_usd',
      slot: HOUR,
    });
  });

  it('finds and names a candle of an hour without prices', async () => {
    const later = `INSERT INTO candles SELECT ticker_id, bucket + 86400, open, open_slot, high, low, close, close_slot, count FROM candles WHERE ${CANDLE}`;
    expect(await places(later)).toContainEqual({
      invariant: 'I6',
      problem: 'candle of an hour without prices',
      ticker: 'btc_usd',
      slot: HOUR + 86_400,
    });
  });
});
