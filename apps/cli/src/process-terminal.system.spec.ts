import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { entryPoint } from '../../../test/support/processes.js';
import { startOnTerminal, type OnTerminal } from '../../../test/support/run-on-terminal.js';

const CURSOR_CODE = '\u001B[';
const CYAN = '\u001B[36m';

describe('the command line on a real terminal', () => {
  let server: Server;
  let kraken: string;
  let answer: RequestListener;

  beforeAll(async () => {
    server = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    kraken = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    answer = (_request, response) => response.writeHead(404).end();
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  function startFetch(columns: number, environment: NodeJS.ProcessEnv = {}): OnTerminal {
    const words = ['fetch', '--ticker', 'btc_usd', '--source', 'kraken'];
    return startOnTerminal([process.execPath, entryPoint('cli/src/main.js'), ...words], {
      columns,
      environment: { PATH: process.env['PATH'], TERM: 'xterm', POSTGRES_PORT: '1', KRAKEN_URL: kraken, ...environment },
    });
  }

  it('says what it does in a moving line where there are columns', async () => {
    const { output, endedBy } = await startFetch(80).ended;
    expect(endedBy).toBe('itself');
    expect(output).toContain(CURSOR_CODE);
    expect(output).toContain('0 of 1 tickers have a price');
  });

  it.each([
    ['without columns', 0, {}],
    ['that is dumb', 80, { TERM: 'dumb' }],
  ])('ends on a terminal %s, and writes no cursor codes', async (_name, columns, environment) => {
    const { output, endedBy } = await startFetch(columns, environment).ended;
    expect(endedBy).toBe('itself');
    expect(output).not.toContain(CURSOR_CODE);
    expect(output).toContain('0 of 1 tickers have a price');
    expect(output.length).toBeLessThan(2_000);
  });

  it('uses no colour where NO_COLOR is set', async () => {
    expect((await startFetch(80, { FORCE_COLOR: '1' }).ended).output).toContain(CYAN);
    const { output } = await startFetch(80, { FORCE_COLOR: '1', NO_COLOR: '1' }).ended;
    expect(output).not.toContain(CYAN);
  });

  it('is ended by SIGTERM on a terminal without columns', async () => {
    const asked = Promise.withResolvers<void>();
    // Takes the call and never answers.
    answer = () => asked.resolve();
    const run = startFetch(0);
    await asked.promise;
    run.signal('SIGTERM');
    const { output, endedBy } = await run.ended;
    expect(endedBy).toBe('itself');
    expect(output).toContain('error: interrupted');
    expect(output.length).toBeLessThan(2_000);
  });

  it('goes on without moving lines when its terminal loses its columns', async () => {
    const asked = Promise.withResolvers<ServerResponse>();
    answer = (_request, response) => asked.resolve(response);
    const run = startFetch(80);
    const response = await asked.promise;
    run.resize(0);
    // Time for some frames of a moving line: none of them may be made.
    setTimeout(() => response.writeHead(404).end(), 500);
    const { output, endedBy } = await run.ended;
    expect(endedBy).toBe('itself');
    expect(output).toContain('0 of 1 tickers have a price');
    expect(output.length).toBeLessThan(20_000);
  });
});
