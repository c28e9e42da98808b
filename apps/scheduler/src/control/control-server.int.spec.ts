import '../../../../test/support/one-realm-of-errors.js';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import {
  basicLogin,
  CONTROL_PASSWORD,
  startControlServer,
  type ControlServer,
} from '../../../../test/support/control-server.js';
import { createTestDatabase, type TestDatabase } from '../../../../test/support/test-database.js';

const DOCUMENT = path.resolve(import.meta.dirname, '../../../../docs/openapi-control.json');

describe('the control server', () => {
  let database: TestDatabase;
  let server: ControlServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    server = await startControlServer(database.url);
  });
  afterAll(async () => {
    await server.stop();
    await database.drop();
  });

  it.each(['/livez', '/readyz', '/metrics', '/readyz?verbose=1'])('lets anybody ask %s', async (path) => {
    expect((await server.ask('GET', path, undefined, {})).status).toBe(200);
  });

  it.each([
    ['GET', '/tickers'],
    ['POST', '/tickers'],
    ['DELETE', '/tickers/btc_usd'],
    ['GET', '/queues'],
    ['GET', '/queues/'],
    ['GET', '/queues/api/queues'],
    ['PUT', '/queues/api/queues/prices-deribit/clean/failed'],
    ['GET', '/queues/static/favicon.ico'],
    ['GET', '/nothing'],
    ['GET', '/livez/'],
    ['GET', '//livez'],
    ['GET', '/livez/../tickers'],
    ['GET', '/tickers?/livez'],
    ['OPTIONS', '/tickers'],
  ])('asks for a login before %s %s', async (method, path) => {
    const logins = [
      {},
      basicLogin('tidemark', 'wrong'),
      basicLogin('tidemark', ''),
      basicLogin('other', CONTROL_PASSWORD),
      { authorization: 'Bearer x' },
    ];
    for (const login of logins) {
      const answer = await server.ask(method, path, undefined, login);
      expect(answer.status).toBe(401);
      expect(answer.text).not.toContain(CONTROL_PASSWORD);
    }
  });

  it('says how to log in, in a problem document', async () => {
    const answer = await server.ask('GET', '/tickers', undefined, {});
    expect(answer.headers.get('www-authenticate')).toMatch(/^Basic realm="Tidemark control"/);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(answer.json).toMatchObject({
      status: 401,
      title: 'Unauthorized',
      instance: '/tickers',
      request_id: answer.headers.get('x-request-id'),
    });
  });

  describe('called by a page of another site, with a login that the browser remembers,', () => {
    const login = basicLogin('tidemark', CONTROL_PASSWORD);

    it.each([
      ['POST', '/tickers', { 'sec-fetch-site': 'cross-site' }],
      ['POST', '/tickers', { 'sec-fetch-site': 'same-site' }],
      ['POST', '/tickers', { origin: 'http://evil.example' }],
      ['POST', '/tickers', { origin: 'null' }],
      ['POST', '/tickers', { origin: 'nonsense' }],
      ['PATCH', '/tickers/btc_usd', { 'sec-fetch-site': 'cross-site' }],
      ['DELETE', '/tickers/btc_usd', { 'sec-fetch-site': 'cross-site' }],
      ['PUT', '/queues/api/queues/planner/pause', { 'sec-fetch-site': 'cross-site' }],
      ['PUT', '/queues/api/queues/planner/pause', { origin: 'http://evil.example' }],
    ])('refuses %s %s with %j', async (method, path, headers) => {
      const answer = await server.ask(method, path, { ticker: 'btc_usd' }, { ...login, ...headers });
      expect(answer).toMatchObject({ status: 403, json: { status: 403, detail: expect.stringContaining('site') } });
      expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
      expect(answer.json['request_id']).toBe(answer.headers.get('x-request-id'));
      expect((await server.ask('GET', '/tickers')).json).toEqual({ tickers: [] });
    });

    it.each([
      ['POST', '/tickers', 'ticker=btc_usd', 'application/x-www-form-urlencoded'],
      ['POST', '/tickers', '{"ticker":"btc_usd"}', 'text/plain'],
      ['POST', '/tickers', '{"ticker":"btc_usd"}', 'application/jsonp'],
      ['PUT', '/queues/api/queues/planner/pause', 'a=b', 'application/x-www-form-urlencoded'],
    ])('refuses the form %s %s %s of type %s', async (method, path, body, type) => {
      const answer = await server.ask(method, path, body, { ...login, 'content-type': type });
      expect(answer).toMatchObject({ status: 415, json: { detail: expect.stringContaining('application/json') } });
    });

    it('refuses a body of no type', async () => {
      const request = { method: 'POST', headers: login, body: new Uint8Array([123, 125]) };
      expect((await fetch(`${server.url}/tickers`, request)).status).toBe(415);
    });

    it('still answers who only looks', async () => {
      const headers = { ...login, 'sec-fetch-site': 'cross-site' };
      expect((await server.ask('GET', '/tickers', undefined, headers)).status).toBe(200);
    });

    it.each(['/tickers', '/queues', '/queues/', '/nothing'])('keeps %s out of its frames', async (path) => {
      const { headers } = await server.ask('GET', path);
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-frame-options')).toBe('DENY');
    });
  });

  it('takes what the board itself sends: nothing or JSON, from its own origin', async () => {
    const headers = {
      ...basicLogin('tidemark', CONTROL_PASSWORD),
      'sec-fetch-site': 'same-origin',
      origin: server.url,
    };
    expect((await server.ask('PUT', '/queues/api/queues/prices-deribit/pause', undefined, headers)).status).toBe(200);
    const job = { name: 'fetch', data: {}, options: {} };
    const added = await server.ask('POST', '/queues/api/queues/prices-deribit/add', job, headers);
    expect(added.status).toBe(200);
  });

  it('shows the board to who is logged in', async () => {
    for (const path of ['/queues', '/queues/']) {
      const page = await server.ask('GET', path);
      expect(page).toMatchObject({ status: 200 });
      expect(page.headers.get('content-type')).toMatch(/^text\/html/);
      expect(page.text).toContain('Tidemark queues');
    }
  });

  it('shows a board that loads nothing from elsewhere', async () => {
    const page = await server.ask('GET', '/queues/');
    const loads = [...page.text.matchAll(/<(?:link|script|img)\b[^>]*?\b(?:href|src)="([^"]*)"/g)].map((one) => one[1]);
    const styles = loads.filter((address) => address?.endsWith('.css'));
    expect(loads.length).toBeGreaterThan(3);
    expect(styles).toHaveLength(1);
    for (const address of loads) {
      const { origin, pathname } = new URL(address ?? '', `${server.url}/queues/`);
      expect(origin).toBe(server.url);
      const file = await server.ask('GET', pathname);
      expect([pathname, file.status]).toEqual([pathname, 200]);
      if (styles.includes(address)) expect(file.text).not.toMatch(/@import|url\(["']?(https?:)?\/\//);
    }
    expect(page.text).not.toMatch(/googleapis|gstatic/);
    expect(page.headers.get('content-security-policy')).toMatch(
      /default-src 'self'; ?script-src 'self'; ?style-src 'self' 'unsafe-inline'/,
    );
  });

  it('lists the queues on the board, that of the planner and one of every source', async () => {
    const { status, json } = await server.ask('GET', '/queues/api/queues');
    expect(status).toBe(200);
    expect((json['queues'] as { name: string }[]).map((queue) => queue.name)).toEqual([
      'planner',
      'prices-deribit',
      'prices-coingecko',
      'lists',
    ]);
  });

  it('tells its clock and what it planned as metrics', async () => {
    const { text } = await server.ask('GET', '/metrics', undefined, {});
    for (const name of [
      'tidemark_planned_fetches_total',
      'tidemark_gap_ranges_total',
      'tidemark_samples_total',
      'tidemark_clock_offset_seconds',
    ]) {
      expect(text).toContain(`# HELP ${name} `);
    }
  });

  it('serves its documentation to who is logged in, and to nobody else', async () => {
    const document = await server.ask('GET', '/openapi.json');
    expect(document).toMatchObject({ status: 200, json: { info: { title: 'Tidemark control' } } });
    expect((await server.ask('GET', '/docs')).text).toContain('Tidemark control API');
    for (const path of ['/openapi.json', '/docs', '/docs/swagger-ui-init.js', '/v1/tickers']) {
      expect((await server.ask('GET', path, undefined, {})).status).toBe(401);
    }
  });

  it('documents an example for every answer and body that their schemas accept, and serves every one of them', async () => {
    const { paths } = JSON.parse(await readFile(DOCUMENT, 'utf8')) as { readonly paths: Record<string, object> };
    const documented = Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(server.routes.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(documented.sort());
    for (const { answer, body } of server.routes) {
      expect(answer.schema.parse(answer.example)).toEqual(answer.example);
      expect(() => body?.schema.parse(body.example)).not.toThrow();
    }
  });

  it('serves every route under /v1 too, with that instance, and nothing else', async () => {
    expect(await server.ask('GET', '/v1/tickers')).toMatchObject({ status: 200, json: { tickers: [] } });
    expect(await server.ask('GET', '/v1/status')).toMatchObject({ status: 200, json: { tickers: [] } });
    const fetched = await server.ask('POST', '/v1/fetch', { tickers: ['btc_usd'] });
    expect(fetched).toMatchObject({ status: 404, json: { instance: '/v1/fetch' } });
    expect(await server.ask('POST', '/v1/tickers', {})).toMatchObject({
      status: 400,
      json: { instance: '/v1/tickers' },
    });
    for (const path of ['/v1/livez', '/v1/readyz', '/v1/metrics', '/v1/queues', '/v1/docs', '/v1']) {
      expect((await server.ask('GET', path)).status).toBe(404);
      expect((await server.ask('GET', path, undefined, {})).status).toBe(401);
    }
  });
});
