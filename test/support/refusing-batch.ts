import type { BudgetAnswer } from '@app/domain';
import type { FetchJob } from '@app/queue';
import { RefusedSymbolRepository, SourceStateRepository } from '@app/storage';
import { planFetches, pricesOf } from '../builders/planned-fetch.js';
import { EXCHANGES, ExchangeUpstream } from './exchange-upstream.js';
import { FetchFixture } from './fetch-fixture.js';

const BATCHES = {
  kraken: { sourceId: 7, symbols: ['XBTUSD', 'ETHUSD', 'SOLUSD', 'ADAUSD'] },
  binance: { sourceId: 5, symbols: ['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'ADAUSDT'] },
} as const;
const TICKERS = ['btc_usd', 'eth_usd', 'sol_usd', 'ada_usd'];

/** A batch of four tickers at an exchange, sampled every minute; the third of them, sol_usd, is delisted. */
export class RefusingBatch {
  readonly symbols: RefusedSymbolRepository;
  /** Of the calls that the budget grants before it says that its limit is used up; a call that waits is granted then. */
  room = Infinity;
  /** What the limit allows on the average. */
  callsPerMinute = 1e6;
  /** When a call may be made for which there is no room, in milliseconds. */
  later = 60_000;
  /** What the budget says then; undefined: later. */
  noRoom: BudgetAnswer | undefined;

  private constructor(
    readonly fixture: FetchFixture,
    readonly upstream: ExchangeUpstream,
    readonly sourceId: number,
    /** The fetch of the first minute. */
    readonly first: FetchJob,
  ) {
    this.symbols = new RefusedSymbolRepository(fixture.database.pool);
  }

  static async start(name: keyof typeof BATCHES): Promise<RefusingBatch> {
    const { sourceId, symbols } = BATCHES[name];
    const budget = { take: async (): Promise<BudgetAnswer> => ({ kind: 'granted' }), callsPerSecond: () => Infinity };
    const fixture = await FetchFixture.start(undefined, {
      take: () => budget.take(),
      callsPerSecond: () => budget.callsPerSecond(),
    });
    const upstream = new ExchangeUpstream(fixture.source, EXCHANGES[name], () => fixture.now());
    const [, , delisted] = symbols;
    upstream.listed = symbols.filter((symbol) => symbol !== delisted);
    upstream.delisted.add(delisted);
    const tickers = TICKERS.map((ticker, index) => ({
      ticker,
      sources: [{ sourceId, sourceSymbol: symbols[index] ?? '', batch: 'usd' }],
    }));
    const batch = new RefusingBatch(fixture, upstream, sourceId, await fixture.slot(60, ...tickers));
    budget.take = () => batch.take();
    budget.callsPerSecond = () => batch.callsPerMinute / 60;
    fixture.random = () => 0;
    return batch;
  }

  /** The symbols of its tickers, in their order. */
  static symbolsOf(name: keyof typeof BATCHES): readonly [string, string, string, string] {
    return BATCHES[name].symbols;
  }

  /** Runs what is planned for the slot so many minutes after the first. @returns what the source was asked meanwhile. */
  async minute(number: number): Promise<string[]> {
    const slot = this.first.slot + number * 60;
    const keys = number === 0 ? [this.first] : await planFetches(this.fixture.database.pool, slot);
    this.upstream.calls = [];
    this.fixture.setClock(slot * 1000 + 100);
    for (const key of keys) await this.fixture.run(key);
    return this.upstream.calls;
  }

  /** The prices of a minute, by ticker. */
  prices(number: number): Promise<Record<string, string>> {
    return pricesOf(this.fixture.database.pool, this.first.slot + number * 60);
  }

  /** What is said of each ticker in a minute: its reason and detail, or its outcome. */
  async samples(number: number): Promise<Record<string, string>> {
    const { rows } = await this.fixture.database.pool.query<{ ticker: string; said: string }>(
      `SELECT t.ticker, coalesce(s.reason || ': ' || coalesce(s.detail, ''), s.outcome) AS said
       FROM samples s JOIN tickers t ON t.id = s.ticker_id WHERE s.slot = $1`,
      [this.first.slot + number * 60],
    );
    return Object.fromEntries(rows.map(({ ticker, said }) => [ticker, said]));
  }

  /** How the source stands. */
  async health() {
    const [state] = await new SourceStateRepository(this.fixture.database.pool).list();
    return state;
  }

  /** The next try was due so many seconds ago, of all or of one; suspects were asked a minute before. */
  async becomeDue(seconds = 1, symbol = '%'): Promise<void> {
    await this.fixture.database.pool.query(
      `UPDATE refused_symbols SET last_tried_at = now() - ($1 + 60) * interval '1 second',
         next_try_at = CASE WHEN next_try_at IS NOT NULL THEN now() - $1 * interval '1 second' END WHERE source_symbol LIKE $2`,
      [seconds, symbol],
    );
  }

  /** The next try of each was due two hours ago, and the source has answered for others since. */
  async becomeOverdue(): Promise<void> {
    await this.becomeDue(7_200);
    const atMs = (this.first.slot - 60) * 1000;
    await new SourceStateRepository(this.fixture.database.pool).noteSuccess(this.sourceId, { atMs, latencyMs: 1 });
  }

  /** The lines of an event in the log. */
  log(event: string) {
    return this.fixture.log.lines.filter((line) => line['event'] === event);
  }

  stop(): Promise<void> {
    return this.fixture.stop();
  }

  private async take(): Promise<BudgetAnswer> {
    return this.room-- > 0 ? { kind: 'granted' } : (this.noRoom ?? { kind: 'later', afterMs: this.later });
  }
}
