import { createHash } from 'node:crypto';
import { parserVersionOf, SourceError, type SourceAnswer } from '@app/sources';
import { AttemptRepository, createPool, DriftRepository, PayloadRepository, type Pool } from '@app/storage';
import { register } from '@prometheus-io/client';
import { plainAnswer } from '../../../../../libs/sources/src/testing/answer-server.contract.js';
import { deribitBody, FetchFixture } from '../../../../../test/support/fetch-fixture.js';
import { eventually } from '../../../../../test/support/processes.js';
import { startTcpProxy } from '../../../../../test/support/tcp-proxy.js';
import { RetryFetchError } from './fetch-errors.js';
import { Provenance, type ProvenanceLimits } from './provenance.js';

const PRICE = '87123.4500';
const KEY = 'CG-a-very-secret-key';
const LIMITS = { retentionDays: 30, maxBytesPerDay: 2 ** 20 };

const sha256 = (body: string) => createHash('sha256').update(body).digest('hex');

describe('the provenance of what a worker stores', () => {
  let fixture: FetchFixture;
  let pool: Pool;

  beforeEach(async () => {
    fixture = await FetchFixture.start();
    pool = fixture.database.pool;
    fixture.source.answerWith(plainAnswer(200, deribitBody(PRICE), { 'content-type': 'application/json', age: '3' }));
  });
  afterEach(() => fixture.stop());

  async function rows(text: string) {
    return (await pool.query<Record<string, unknown>>(text)).rows;
  }
  const fetches = () =>
    rows(
      `SELECT status, attempts, url, endpoint, headers, parser_version, encode(payload_sha256, 'hex') AS sha256 FROM fetches`,
    );
  const payloads = () => rows(`SELECT encode(sha256, 'hex') AS sha256 FROM payloads ORDER BY bytes`);
  const drifts = () => rows('SELECT source_id, endpoint, field, detail, count FROM drift_events ORDER BY endpoint');

  function provenanceOf(change: { limits?: ProvenanceLimits; pool?: Pool; secrets?: readonly string[] } = {}) {
    const { limits = LIMITS, pool: way = pool, secrets = [] } = change;
    return new Provenance({
      payloads: new PayloadRepository(way),
      attempts: new AttemptRepository(way),
      drifts: new DriftRepository(way),
      logger: fixture.log.logger,
      now: () => fixture.now(),
      limits,
      secrets,
      parserVersionOf,
    });
  }

  function answerOf(body: string): SourceAnswer {
    const response = { status: 200, headers: {}, body };
    const at = new Date(fixture.now());
    return {
      endpoint: 'get_index_price',
      readings: [],
      drifts: [],
      answeredAt: undefined,
      cachedAt: undefined,
      requestedAt: at,
      receivedAt: at,
      httpStatus: 200,
      latencyMs: 1,
      call: { url: 'https://example.com/', endpoint: 'get_index_price', response },
    };
  }

  it('says of an answered fetch what was asked, of whom, and keeps the answer', async () => {
    const key = await fixture.slot(60);
    await fixture.run(key);
    await fixture.provenance.flush();
    const body = sha256(deribitBody(PRICE));
    expect(await fetches()).toMatchObject([
      {
        status: 'answered',
        url: `${fixture.source.url}/public/get_index_price?index_name=btc_usd`,
        endpoint: 'get_index_price',
        headers: { 'content-type': 'application/json', age: '3' },
        parser_version: parserVersionOf('deribit'),
        sha256: body,
      },
    ]);
    expect(await payloads()).toEqual([{ sha256: body }]);
  });

  it('keeps the answer by itself a moment later', async () => {
    const key = await fixture.slot(60);
    await fixture.run(key);
    await eventually('the payload to be there', 5_000, async () => ((await payloads()).length > 0 ? true : undefined));
  });

  it('keeps the answer that ended a fetch in failure', async () => {
    const key = await fixture.slot(60);
    const refusal = '{"error":{"code":-32602,"message":"Invalid params"}}';
    fixture.source.answerWith(plainAnswer(400, refusal));
    await fixture.run(key);
    await fixture.provenance.flush();
    expect(await fetches()).toMatchObject([{ status: 'failed', endpoint: 'get_index_price', sha256: sha256(refusal) }]);
    expect(await payloads()).toHaveLength(1);
  });

  it('keeps every attempt with its answer when another followed', async () => {
    const key = await fixture.slot(60);
    fixture.source.answerWith(plainAnswer(503, 'busy', { 'retry-after': '0' }));
    await expect(fixture.run(key)).rejects.toThrow(RetryFetchError);
    fixture.source.answerWith(plainAnswer(200, deribitBody(PRICE)));
    await fixture.run(key);
    await fixture.provenance.flush();
    expect(
      await rows(
        `SELECT batch, slot, attempt, http_status, error_kind, error_message, headers, encode(payload_sha256, 'hex') AS sha256,
           latency_ms >= 0 AS measured FROM fetch_attempts`,
      ),
    ).toEqual([
      {
        batch: 'btc_usd',
        slot: key.slot,
        attempt: 1,
        http_status: 503,
        error_kind: 'unavailable',
        error_message: expect.stringContaining('503'),
        headers: expect.objectContaining({ 'retry-after': '0' }),
        sha256: sha256('busy'),
        measured: true,
      },
    ]);
    expect(await fetches()).toMatchObject([{ status: 'answered', attempts: 2, sha256: sha256(deribitBody(PRICE)) }]);
    expect(await payloads()).toHaveLength(2);
  });

  it('says nothing of an answer where none came', async () => {
    const key = await fixture.slot(2);
    fixture.setClock(key.slot * 1000 + 100);
    fixture.hang();
    await fixture.run(key);
    await fixture.provenance.flush();
    expect(await fetches()).toMatchObject([{ status: 'failed', url: null, headers: null, sha256: null }]);
    expect(await payloads()).toEqual([]);
  });

  it('keeps one body for all the tickers of a batch', async () => {
    const member = (ticker: string, sourceSymbol: string) => ({
      ticker,
      sources: [{ sourceId: 2, sourceSymbol, batch: 'coins' }],
    });
    const key = await fixture.slot(60, member('btc_usd', 'bitcoin'), member('eth_usd', 'ethereum'));
    fixture.source.answerWith(plainAnswer(200, '{"bitcoin":{"usd":87123.45},"ethereum":{"usd":3000}}'));
    await fixture.run(key);
    await fixture.provenance.flush();
    expect(await payloads()).toHaveLength(1);
    expect(await rows('SELECT 1 FROM samples')).toHaveLength(2);
  });

  it('stores and acknowledges a price whose body cannot be kept', async () => {
    const key = await fixture.slot(60);
    await pool.query('ALTER TABLE payloads RENAME TO payloads_away');
    await fixture.run(key);
    await fixture.provenance.flush();
    expect(await rows('SELECT price::text FROM prices')).toEqual([{ price: PRICE }]);
    expect(fixture.log.of('sample_stored')).toHaveLength(1);
    expect(fixture.log.of('provenance_lost')).toHaveLength(1);
  });

  it('keeps bodies in hand while the database is away, and writes them when it is back', async () => {
    const way = await startTcpProxy(fixture.database.url);
    const through = createPool({
      url: way.url,
      applicationName: 'tidemark-test',
      maxConnections: 1,
      onIdleError: () => undefined,
    });
    const provenance = provenanceOf({ pool: through });
    const key = await fixture.slot(60);
    way.cut();
    provenance.keepAnswer(key, [], answerOf('one'));
    await provenance.flush();
    provenance.keepAnswer(key, [], answerOf('two more'));
    expect(await payloads()).toEqual([]);
    way.mend();
    await provenance.flush();
    expect(await payloads()).toEqual([{ sha256: sha256('one') }, { sha256: sha256('two more') }]);
    expect(fixture.log.of('provenance_lost')).toEqual([]);
    await through.end();
    await way.close();
  });

  it('writes what waits when the process ends', async () => {
    const key = await fixture.slot(60);
    const provenance = provenanceOf();
    provenance.keepAnswer(key, [], answerOf('last'));
    await provenance.onApplicationShutdown();
    expect(await payloads()).toEqual([{ sha256: sha256('last') }]);
  });

  it('keeps no more bodies in memory than there is room for, and says so once', async () => {
    const key = await fixture.slot(60);
    const provenance = provenanceOf();
    const large = 'x'.repeat(5 * 2 ** 20);
    for (let index = 0; index < 10; index += 1) provenance.keepAnswer(key, [], answerOf(`${index}${large}`));
    expect(fixture.log.of('provenance_lost')).toHaveLength(1);
    await provenance.flush();
    expect(await payloads()).toHaveLength(6);
  });

  it('keeps nothing but the hash when no bodies are to be kept', async () => {
    const key = await fixture.slot(60);
    const provenance = provenanceOf({ limits: { ...LIMITS, retentionDays: 0 } });
    expect(provenance.keepAnswer(key, [], answerOf('body')).payloadSha256.toString('hex')).toBe(sha256('body'));
    await provenance.flush();
    expect(await payloads()).toEqual([]);
  });

  it('says once a day that the cap is reached, however many workers there are', async () => {
    const key = await fixture.slot(60);
    const workers = [
      provenanceOf({ limits: { ...LIMITS, maxBytesPerDay: 10 } }),
      provenanceOf({ limits: { ...LIMITS, maxBytesPerDay: 10 } }),
    ];
    for (const body of ['{"price":123}', '{"price":124}', '{"price":125}']) {
      for (const worker of workers) worker.keepAnswer(key, [], answerOf(body));
      await Promise.all(workers.map((worker) => worker.flush()));
    }
    expect(await payloads()).toEqual([]);
    const day = new Date(fixture.now()).toISOString().slice(0, 10);
    expect(fixture.log.of('payload_limit_reached')).toMatchObject([{ day }]);
    expect(await rows('SELECT kept, refused FROM payload_days')).toEqual([{ kept: 0, refused: 6 }]);
  });

  it('lets no key into what is stored or logged, though the source repeats it in its refusal', async () => {
    const key = await fixture.slot(60);
    const provenance = provenanceOf({ secrets: [KEY] });
    const call = {
      url: `https://user:${KEY}@example.com/price?api_key=${KEY}`,
      endpoint: 'get_index_price',
      response: { status: 401, headers: { via: KEY }, body: `{"error":"${KEY} is not valid"}` },
    };
    const error = new SourceError('drift', 'deribit', `${KEY} is not valid`, {
      call,
      drift: { field: [KEY], detail: KEY },
    });
    provenance.keepCall(key, { attempt: 1, members: [], end: error });
    provenance.keepFailure(key, [], error);
    await provenance.flush();
    const written = await rows(
      `SELECT to_json(a)::text AS text FROM fetch_attempts a UNION ALL SELECT to_json(d)::text FROM drift_events d`,
    );
    expect(written).toHaveLength(2);
    const kept = await rows(`SELECT encoding, convert_from(body, 'UTF8') AS text FROM payloads`);
    expect(kept).toEqual([{ encoding: 'identity', text: '{"error":"*** is not valid"}' }]);
    for (const place of [written, fixture.log.lines]) expect(JSON.stringify(place)).not.toContain(KEY);
  });

  describe('of a field that drifted', () => {
    const renamed = '{"bitcoin":{"usdd":87123.45},"ethereum":{"usd":3000}}';

    async function driftedSlot() {
      const member = (ticker: string, sourceSymbol: string) => ({
        ticker,
        sources: [{ sourceId: 2, sourceSymbol, batch: 'coins' }],
      });
      const key = await fixture.slot(60, member('btc_usd', 'bitcoin'), member('eth_usd', 'ethereum'));
      fixture.source.answerWith(plainAnswer(200, renamed));
      return key;
    }

    it('stores, counts and logs it', async () => {
      register.getSingleMetric('tidemark_drift_total')?.reset();
      const key = await driftedSlot();
      await fixture.run(key);
      await fixture.provenance.flush();
      const event = { endpoint: 'simple-price', field: '*.usd', detail: expect.stringContaining('usdd looks like it') };
      expect(await drifts()).toEqual([{ source_id: 2, ...event, count: 1 }]);
      expect(fixture.log.of('source_drifted')).toMatchObject([{ source: 'coingecko', ...event }]);
      expect(await register.getSingleMetricAsString('tidemark_drift_total')).toContain(
        'tidemark_drift_total{source="coingecko",endpoint="simple-price"} 1',
      );
    });

    it('logs it once, and not for every slot', async () => {
      const key = await driftedSlot();
      await fixture.run(key);
      for (let slot = 1; slot <= 5; slot += 1) {
        const drift = { field: ['bitcoin', 'usd'], detail: 'gone' };
        const error = new SourceError('drift', 'coingecko', 'gone', { drift, call: answerOf('x').call });
        fixture.provenance.keepFailure(key, [{ ticker: 'btc_usd', sourceSymbol: 'bitcoin' } as never], error);
        await fixture.provenance.flush();
      }
      expect(fixture.log.of('source_drifted')).toHaveLength(2);
      expect(await drifts()).toMatchObject([{ endpoint: 'get_index_price', count: 5 }, { endpoint: 'simple-price' }]);
    });

    it('knows an answer as drifted that names no field', async () => {
      const key = await fixture.slot(60);
      fixture.source.answerWith(plainAnswer(200, '{"jsonrpc":"2.0","result":{"index_price":1},"testnet":true}'));
      await fixture.run(key);
      await fixture.provenance.flush();
      expect(await drifts()).toMatchObject([{ field: '(answer)', detail: expect.stringContaining('testnet') }]);
    });
  });
});
