import { CloseRepository } from '@app/storage';
import { plainAnswer, type AnswerHandler } from '../../../../../libs/sources/src/testing/answer-server.contract.js';
import { fetchState, pricesOf, samplesOf } from '../../../../../test/builders/planned-fetch.js';
import { deribitBody, FetchFixture } from '../../../../../test/support/fetch-fixture.js';
import { eventually } from '../../../../../test/support/processes.js';
import { startTcpProxy, type TcpProxy } from '../../../../../test/support/tcp-proxy.js';

const PRICE = '87123.45';

describe('the job that fetches prices, when the database goes away', () => {
  let fixture: FetchFixture;
  let way: TcpProxy;

  beforeEach(async () => {
    fixture = await FetchFixture.start(async (url) => {
      way = await startTcpProxy(url);
      return way.url;
    });
  });
  afterEach(async () => {
    way.mend();
    await fixture.stop();
    await way.close();
  });

  it('stores once what it has in hand when the database is back, and asks the source once', async () => {
    const key = await fixture.slot(60);
    fixture.source.answerWith(answerAfter(() => way.cut()));
    const run = fixture.run(key);
    await said('database_unavailable');
    expect(fixture.log.of('sample_stored')).toEqual([]);
    way.mend();
    await run;
    expect(await prices(key)).toEqual({ btc_usd: PRICE });
    expect(await state(key)).toMatchObject({ status: 'answered', attempts: 1 });
    expect(fixture.source.requests).toHaveLength(1);
    expect(fixture.log.of('sample_stored')).toHaveLength(1);
    expect(fixture.log.of('database_unavailable')).toHaveLength(1);
  });

  it('stores once when its connection is killed in the middle of the transaction', async () => {
    const key = await fixture.slot(60);
    fixture.source.answerWith(plainAnswer(200, deribitBody(PRICE)));
    const other = await fixture.database.pool.connect();
    await other.query('BEGIN');
    await other.query('SELECT pg_advisory_xact_lock((id::bigint << 34) | $1) FROM tickers', [key.slot]);
    const run = fixture.run(key);
    await eventually('the store to wait, and its connection to be killed', 10_000, async () => {
      const { rowCount } = await fixture.database.pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'tidemark-fixture' AND wait_event_type = 'Lock'`,
      );
      return rowCount === 1 ? true : undefined;
    });
    await said('database_unavailable');
    await other.query('COMMIT');
    other.release();
    await run;
    expect(await prices(key)).toEqual({ btc_usd: PRICE });
    expect(fixture.source.requests).toHaveLength(1);
  });

  it('files a price that came in time in place of the "missed" that the slot was closed with meanwhile', async () => {
    const key = await fixture.slot(60);
    fixture.source.answerWith(answerAfter(() => way.cut()));
    const run = fixture.run(key);
    await said('database_unavailable');
    const closed = await new CloseRepository(fixture.database.pool).closeOverdue(key.slot + 25, 10);
    expect(closed).toMatchObject([{ slot: key.slot, reason: 'lost' }]);
    fixture.setClock((key.slot + 120) * 1000);
    way.mend();
    await run;
    expect(await samplesOf(fixture.database.pool, key.slot)).toMatchObject([{ outcome: 'accepted', price: PRICE }]);
    expect(await prices(key)).toEqual({ btc_usd: PRICE });
    expect(await state(key)).toMatchObject({ status: 'answered' });
  });

  it('makes no call that it cannot count, and says that it was for the database', async () => {
    const key = await fixture.slot(60);
    way.cut();
    const run = fixture.run(key);
    await said('database_unavailable');
    fixture.setClock((key.slot + 16) * 1000);
    way.mend();
    await run;
    expect(fixture.source.requests).toEqual([]);
    expect(await samplesOf(fixture.database.pool, key.slot)).toMatchObject([
      { outcome: 'missed', reason: 'database_unavailable' },
    ]);
  });

  it('keeps the failure of a call in hand as well', async () => {
    const key = await fixture.slot(4);
    fixture.source.answerWith((request, response) => {
      way.cut();
      plainAnswer(503, '')(request, response);
    });
    const run = fixture.run(key);
    await said('database_unavailable');
    way.mend();
    await run;
    expect(await samplesOf(fixture.database.pool, key.slot)).toMatchObject([
      { outcome: 'failed', reason: 'unavailable' },
    ]);
  });

  it('lets go when the process has to end, and the slot is closed as lost', async () => {
    const key = await fixture.slot(60);
    const shutdown = new AbortController();
    fixture.source.answerWith(answerAfter(() => way.cut()));
    const run = fixture.run(key, { signal: shutdown.signal });
    await said('database_unavailable');
    shutdown.abort();
    await expect(run).rejects.toThrow();
    expect(fixture.log.of('sample_stored')).toEqual([]);
    const closed = await new CloseRepository(fixture.database.pool).closeOverdue(key.slot + 25, 10);
    expect(closed).toMatchObject([{ tickers: ['btc_usd'], outcome: 'missed', reason: 'lost' }]);
  });

  it('does not call a statement that Postgres refuses an absence', async () => {
    const key = await fixture.slot(60);
    await fixture.database.pool.query('ALTER TABLE fetches RENAME COLUMN deadline TO due');
    await expect(fixture.run(key)).rejects.toThrow('deadline');
    expect(fixture.log.of('database_unavailable')).toEqual([]);
  });

  const prices = (key: { slot: number }) => pricesOf(fixture.database.pool, key.slot);
  const state = (key: Parameters<typeof fetchState>[1]) => fetchState(fixture.database.pool, key);

  function answerAfter(happening: () => void): AnswerHandler {
    return (request, response) => {
      happening();
      plainAnswer(200, deribitBody(PRICE))(request, response);
    };
  }

  async function said(event: string): Promise<void> {
    await eventually(`the log to say ${event}`, 10_000, () => (fixture.log.of(event).length > 0 ? true : undefined));
  }
});
