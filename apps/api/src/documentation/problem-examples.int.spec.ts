import { problemDocument, routeAnswers, type AnsweringRoute, type ProblemExample } from '@app/openapi';
import { serveApi, serveReadyApi, type ServedApi } from '../../../../test/builders/served-api.js';
import { storeSchedules } from '../../../../test/builders/stored-prices.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { makeSilentApi } from './openapi-document.js';

/** Nothing listens there. */
const NOWHERE = 'postgres://tidemark_api@127.0.0.1:9/tidemark';

describe('the problems that the document shows', () => {
  let database: TestDatabase;
  let api: ServedApi;
  let without: ServedApi;
  let routes: AnsweringRoute[];

  beforeAll(async () => {
    database = await createTestDatabase();
    for (const ticker of ['btc_usd', 'usd-coin_eur']) {
      await storeSchedules(database.pool, ticker, [{ fromSlot: 1_766_016_000, intervalSeconds: 60 }]);
    }
    api = await serveReadyApi(database.readerUrl);
    without = await serveApi(NOWHERE);
    const app = await makeSilentApi();
    routes = routeAnswers(app);
    await app.close();
  });
  afterAll(async () => {
    await Promise.all([api.close(), without.close()]);
    await database.drop();
  });

  it('are of every status of every route, and each is answered so', async () => {
    const examples = routes.flatMap((route) => route.problems.map((problem) => ({ route, problem })));
    expect(new Set(examples.map(({ problem }) => problem.problem.status))).toEqual(new Set([400, 404, 503]));
    for (const { route, problem } of examples) {
      const { status, text } = await ask(problem);
      const json: unknown = JSON.parse(text.replace('127.0.0.1:9', '127.0.0.1:5432'));
      expect([route.path, status, json]).toEqual([
        route.path,
        problem.problem.status,
        { ...problemDocument(problem), request_id: expect.any(String) as string },
      ]);
    }
  });

  it('show how everything is while the database is away as that is answered', async () => {
    const { answer } = routes.find(({ path }) => path === '/health') ?? {};
    const { status, json } = await without.get('/health');
    const example = answer?.examples?.[503] as Record<string, object>;
    const { sampling, etl } = example;
    expect([status, json]).toMatchObject([503, { status: example['status'], sampling, etl }]);
    expect(json.database).toMatchObject({ status: 'down', message: expect.any(String) });
  });

  function ask({ path, problem }: ProblemExample) {
    return (problem.status === 503 ? without : api).get(path);
  }
});
