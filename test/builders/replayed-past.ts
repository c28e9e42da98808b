import { sourceByName, type Source } from '@app/sources';
import { verifyDatabase } from '@app/storage';
import { keptTerminal } from '../support/cli-terminal.js';
import { FetchFixture } from '../support/fetch-fixture.js';
import { catalogueLived, firstLivedSlot, LIVED_INTERVAL, liveSlots } from '../support/lived-slots.js';
import { runReplay } from '../../apps/cli/src/replay/run-replay.js';

const [DERIBIT, COINGECKO, BITSTAMP] = [1, 2, 8] as const;
export const SLOTS = 6;
export const FROM = firstLivedSlot(SLOTS);
export const END = FROM + SLOTS * LIVED_INTERVAL;
/** In this slot everybody asks Deribit in vain: it answers in another shape, which a better parser may read. */
export const RENAMED = FROM + 2 * LIVED_INTERVAL;

export const deribit = knownSource('deribit');
export const coingecko = knownSource('coingecko');
export const bitstamp = knownSource('bitstamp');

function knownSource(name: string): Source {
  const source = sourceByName(name);
  if (source === undefined) throw new Error(`no source ${name}`);
  return source;
}

/** The price of bitcoin in a slot. */
export const priceAt = (slot: number) => 87_000 + (slot - FROM) / 10;

function answer(path: string, slot: number) {
  if (path.startsWith('/public')) {
    const name = slot === RENAMED ? 'indexed' : 'index_price';
    return {
      body: `{"result":{"${name}":${priceAt(slot)}.50,"estimated_delivery_price":${priceAt(slot) + 7}},"testnet":false}`,
    };
  }
  if (path.startsWith('/simple')) {
    const entry = (usd: number) => ({ usd, last_updated_at: slot - 5 });
    return { body: JSON.stringify({ bitcoin: entry(priceAt(slot) + 1), 'usd-coin': entry(0.9998) }) };
  }
  return { body: JSON.stringify({ last: `${priceAt(slot) + 2}.00`, timestamp: String(slot) }) };
}

/** Deribit, as another parser would read it. */
function deribitReading(parse: (result: Record<string, { text: string }>) => string | undefined): Source {
  const [endpoint] = deribit.endpoints;
  return {
    ...deribit,
    endpoints: [
      {
        ...endpoint,
        parse: (reader, tickers) => {
          const { result } = reader.json as { result: Record<string, { text: string }> };
          return reader.each(tickers, ({ ticker }) => {
            const price = parse(result);
            return price === undefined ? undefined : { ticker, price, sourceTime: undefined };
          });
        },
      },
    ],
  };
}

export const betterDeribit = deribitReading(({ index_price: usual, indexed }) => (usual ?? indexed)?.text);
export const otherDeribit = deribitReading(({ estimated_delivery_price: price }) => price?.text);
export const emptyDeribit = deribitReading(() => undefined);

/** What a replay printed. */
export interface PrintedReplay {
  readonly status: number;
  readonly differences: readonly string[];
  readonly counts: readonly string[];
  readonly complained: string;
}

/** What of the past is replayed, and how; default: all of it, and nothing is stored. */
export interface ReplayChange {
  readonly source?: string;
  readonly apply?: boolean;
  readonly from?: number;
  readonly to?: number;
}

/** A past of six slots whose answers are kept. */
export class ReplayedPast {
  private constructor(readonly fixture: FetchFixture) {}

  /** Lives through it. */
  static async open(): Promise<ReplayedPast> {
    const fixture = await FetchFixture.start();
    await catalogueLived(fixture, FROM, [
      {
        ticker: 'btc_usd',
        sources: [
          { sourceId: DERIBIT, sourceSymbol: 'btc_usd' },
          { sourceId: COINGECKO, sourceSymbol: 'bitcoin', batch: 'coins' },
        ],
      },
      { ticker: 'usdc_usd', sources: [{ sourceId: COINGECKO, sourceSymbol: 'usd-coin', batch: 'coins' }] },
      { ticker: 'sol_usd', sources: [{ sourceId: DERIBIT, sourceSymbol: 'sol_usdc', quotedIn: 'usdc' }] },
      {
        ticker: 'eth_usd',
        rule: 'median',
        sources: [
          { sourceId: DERIBIT, sourceSymbol: 'btc_usd', batch: 'median' },
          { sourceId: COINGECKO, sourceSymbol: 'bitcoin', batch: 'median' },
          { sourceId: BITSTAMP, sourceSymbol: 'btcusd', batch: 'median' },
        ],
      },
    ]);
    await liveSlots(fixture, FROM, SLOTS, answer);
    await fixture.database.pool.query('UPDATE schedules SET to_slot = $1, planned_to = $1', [END]);
    return new ReplayedPast(fixture);
  }

  close(): Promise<void> {
    return this.fixture.stop();
  }

  async replay(sources: readonly Source[], change: ReplayChange = {}): Promise<PrintedReplay> {
    const environment = { DATABASE_URL: this.fixture.database.url };
    const terminal = keptTerminal({ environment, nowMs: (END + 600) * 1000 });
    const words = ['--from', String(change.from ?? FROM), '--to', String(change.to ?? END)];
    if (change.source !== undefined) words.push('--source', change.source);
    if (change.apply === true) words.push('--apply', '1');
    const status = await runReplay(words, terminal, sources);
    const lines = terminal.printed().trimEnd().split('\n');
    const counts = lines.findIndex((line) => line.includes('answers read again'));
    const complained = terminal.complained();
    return { status, differences: lines.slice(0, counts), counts: lines.slice(counts), complained };
  }

  async rows<T = Record<string, unknown>>(text: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.fixture.database.pool.query(text, [...values])).rows as T[];
  }

  /** The prices of a ticker. */
  prices(ticker: string) {
    return this.rows<{ slot: number; price: string; source_id: number; revision: number }>(
      `SELECT p.slot, p.price::text AS price, p.source_id, p.revision FROM prices p JOIN tickers t ON t.id = p.ticker_id
       WHERE t.ticker = $1 ORDER BY p.slot`,
      [ticker],
    );
  }

  /** What verify finds broken. */
  async broken(): Promise<string[]> {
    const { findings } = await verifyDatabase(this.fixture.database.url);
    return findings.flatMap(({ invariant, problems }) =>
      problems.flatMap(({ problem, examples }) =>
        examples.map(({ ticker, detail }) => `${invariant} ${problem} ${ticker} ${detail}`),
      ),
    );
  }
}

/** Every source of the past, as it is. */
export const all: readonly Source[] = [deribit, coingecko, bitstamp];
