import '../../../../test/support/one-realm-of-errors.js';
import { problemDocument, type ProblemExample } from '@app/openapi';
import { problemOf } from '@app/process/server';
import {
  basicLogin,
  CONTROL_PASSWORD,
  startControlServer,
  type ControlServer,
} from '../../../../test/support/control-server.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';
import { CONTROL_PROBLEMS } from './problem.js';

const LOGIN = basicLogin('tidemark', CONTROL_PASSWORD);

/** What a request of each status has besides. */
const HEADERS: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: {},
  403: { ...LOGIN, 'sec-fetch-site': 'cross-site' },
  415: { ...LOGIN, 'content-type': 'text/plain' },
};

describe('the problems that the document of the control API shows', () => {
  let database: TestDatabase;
  let server: ControlServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startControlServer(database.url);
    await server.rest();
    await server.ask('POST', '/tickers', { ticker: 'btc_usd' });
    await server.ask('POST', '/tickers', { ticker: 'eth_usd' });
    await server.ask('DELETE', '/tickers/eth_usd');
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  it('are of every status of every route, and each is answered so', async () => {
    const examples = server.routes.flatMap(({ method, problems }) => problems.map((problem) => ({ method, problem })));
    const statuses = new Set(examples.map(({ problem }) => problem.problem.status));
    expect([...statuses].sort()).toEqual([400, 401, 403, 404, 409, 415, 503]);
    for (const { method, problem } of examples) {
      const { status } = problem.problem;
      const answer = status === 503 ? whileAway(problem) : (await ask(method, problem)).json;
      expect([method, problem.path, answer]).toEqual([
        method,
        problem.path,
        { ...problemDocument(problem), request_id: expect.any(String) as string },
      ]);
    }
  });

  function ask(method: string, { path, body, problem }: ProblemExample) {
    return server.ask(method, path, body, HEADERS[problem.status] ?? LOGIN);
  }

  /** What the answer is made of when the database refuses a connection. */
  function whileAway({ path }: ProblemExample) {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    return { ...problemOf(refused, CONTROL_PROBLEMS).problem, instance: path, request_id: 'any' };
  }
});
