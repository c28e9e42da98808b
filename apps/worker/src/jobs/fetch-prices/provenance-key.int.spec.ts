import { httpJsonSource, parserVersionOf, readDeclarations, SourceClient, SourceError } from '@app/sources';
import { AttemptRepository, DriftRepository, PayloadRepository, type Pool } from '@app/storage';
import { FetchFixture } from '../../../../../test/support/fetch-fixture.js';
import { Provenance } from './provenance.js';

const KEY = 'CG-a-very-secret-key';

describe('the provenance of a call with a key', () => {
  let fixture: FetchFixture;
  let pool: Pool;

  beforeEach(async () => {
    fixture = await FetchFixture.start();
    pool = fixture.database.pool;
  });
  afterEach(() => fixture.stop());

  async function rows(text: string) {
    return (await pool.query<Record<string, unknown>>(text)).rows;
  }

  it('stores nothing of a key that travels as a parameter, of a call that is answered and of one that is refused', async () => {
    const [declaration] = readDeclarations(
      `sources: [{id: 100, name: keyed, url: 'https://a.example/p?s={source_symbol}', price: p, identity: none, error: e,
          key_query: {name: k}, limit: {calls: 1, per_seconds: 1, origin: docs}}]`,
      'the test',
    );
    if (declaration === undefined) throw new Error('nothing was declared');
    const source = httpJsonSource(declaration);
    const client = new SourceClient({
      access: { keyed: { baseUrl: fixture.source.url, apiKey: KEY } },
      now: () => fixture.now(),
    });
    const ask = () => client.fetch(source, [{ ticker: 'btc_usd', sourceSymbol: 'x' }], { timeoutMs: 10_000 });
    const key = await fixture.slot(60);
    const provenance = new Provenance({
      payloads: new PayloadRepository(pool),
      attempts: new AttemptRepository(pool),
      drifts: new DriftRepository(pool),
      logger: fixture.log.logger,
      now: () => fixture.now(),
      limits: { retentionDays: 30, maxBytesPerDay: 2 ** 20 },
      secrets: [KEY],
      parserVersionOf,
    });
    fixture.source.answerWith((request, response) => {
      response.writeHead(200, { via: `${request.url}` }).end(JSON.stringify({ p: '7', self: request.url }));
    });
    const answered = provenance.keepAnswer(key, [], await ask());
    fixture.source.answerWith((request, response) => {
      response.writeHead(401).end(JSON.stringify({ e: `no access to ${request.url}` }));
    });
    const error = await ask().catch((refused: unknown) => refused as SourceError);
    if (!(error instanceof SourceError)) throw new Error('expected a SourceError');
    provenance.keepCall(key, { attempt: 1, members: [], end: error });
    await provenance.flush();
    client.close();
    expect(fixture.source.requests.slice(-2)).toEqual([`GET /p?s=x&k=${KEY}`, `GET /p?s=x&k=${KEY}`]);
    const attempts = await rows('SELECT to_json(a)::text AS text FROM fetch_attempts a');
    const bodies = await rows(`SELECT convert_from(body, 'UTF8') AS text FROM payloads ORDER BY text`);
    expect(bodies).toEqual([
      { text: '{"e":"no access to /p?s=x&k=***"}' },
      { text: '{"p":"7","self":"/p?s=x&k=***"}' },
    ]);
    expect(attempts).toHaveLength(1);
    for (const place of [answered, attempts, bodies, fixture.log.lines])
      expect(JSON.stringify(place)).not.toContain(KEY);
  });
});
