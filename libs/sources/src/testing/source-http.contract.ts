import { gzipSync } from 'node:zlib';
import { SourceClient, type SourceAnswer } from '../http/source-client.js';
import {
  type AnswerHandler,
  type AnswerServer,
  endlessAnswer,
  plainAnswer,
  slowAnswer,
  startAnswerServer,
  unusedUrl,
} from './answer-server.contract.js';
import { endpointFor } from '../contract/source.js';
import { SourceError } from '../contract/source-error.js';
import type { WholeContract } from './source-fixtures.contract.js';

const NOW_MS = Date.UTC(2026, 0, 1, 12, 0, 0);
const MAX_BODY_BYTES = 262_144;
/** Long enough for a loopback answer on a busy machine. */
const AMPLE_MS = 10_000;
/** For calls that must run into their deadline, and have reached the server before, on a busy machine too. */
const SHORT_MS = 400;

/** The same promises through a real connection: a server on the loopback and the client that the worker uses. */
export function describeSourceOverHttp(contract: WholeContract): void {
  describe('over HTTP', () => {
    const { source, tickers } = contract;
    const [good] = contract.goodBodies;
    let server: AnswerServer;
    let client: SourceClient;

    beforeAll(async () => {
      server = await startAnswerServer();
      client = clientFor(server.url);
      // The first call of a process takes much longer than those after it: none that has a deadline is the first.
      await ask(plainAnswer(200, good.body));
    });
    afterAll(async () => {
      client.close();
      await server.close();
    });

    function clientFor(url: string): SourceClient {
      const access = { [source.name]: { baseUrl: url, apiKey: contract.apiKey } };
      return new SourceClient({ access, maxBodyBytes: MAX_BODY_BYTES, now: () => NOW_MS });
    }
    function ask(handler: AnswerHandler, timeoutMs = AMPLE_MS): Promise<SourceAnswer> {
      server.answerWith(handler);
      return client.fetch(source, tickers, { timeoutMs });
    }
    async function failure(call: Promise<SourceAnswer>): Promise<SourceError> {
      const outcome: unknown = await call.catch((error: unknown) => error);
      if (outcome instanceof SourceError) return outcome;
      throw new Error('Expected a SourceError.', { cause: outcome });
    }

    it('asks once, and gives the quotes with the times and the status', async () => {
      const before = server.requests.length;
      const answer = await ask(plainAnswer(200, good.body));
      expect(answer).toMatchObject({ readings: good.quotes, httpStatus: 200 });
      expect([answer.requestedAt, answer.receivedAt]).toEqual([new Date(NOW_MS), new Date(NOW_MS)]);
      const { path, query } = endpointFor(source, tickers).request(tickers);
      const asked = new URLSearchParams(query).toString();
      expect(server.requests.slice(before)).toEqual([`GET ${path}${asked === '' ? '' : `?${asked}`}`]);
    });

    it('reads an answer whatever its content type, and one that is compressed', async () => {
      expect((await ask(plainAnswer(200, good.body, { 'content-type': 'text/html' }))).readings).toEqual(good.quotes);
      const zipped: AnswerHandler = (_request, response) =>
        void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(good.body));
      expect((await ask(zipped)).readings).toEqual(good.quotes);
    });

    it.each([
      [204, 'malformed'],
      [206, 'malformed'],
      [301, 'malformed'],
      [304, 'malformed'],
      [401, 'unauthorized'],
      [403, 'forbidden_region'],
      [404, 'not_found'],
      [408, 'timeout'],
      [418, 'rate_limited'],
      [422, 'drift'],
      [429, 'rate_limited'],
      [451, 'forbidden_region'],
      [500, 'unavailable'],
      [502, 'unavailable'],
      [503, 'unavailable'],
      [504, 'timeout'],
    ] as const)('never believes perfect prices under status %d, and calls it %s', async (status, kind) => {
      const error = await failure(ask(plainAnswer(status, good.body)));
      expect(error).toMatchObject({ kind, httpStatus: status, receivedAt: new Date(NOW_MS) });
    });

    it('follows no redirect', async () => {
      const other = await startAnswerServer();
      other.answerWith(plainAnswer(200, good.body));
      const error = await failure(ask(plainAnswer(302, '', { location: `${other.url}/api?key=secret` })));
      expect(error).toMatchObject({ kind: 'malformed', httpStatus: 302 });
      expect(error.message).not.toContain('secret');
      expect(other.requests).toEqual([]);
      await other.close();
    });

    it.each([
      ['seconds', '7', 7],
      ['a large number of seconds', '119', 119],
      ['zero', '0', 0],
      ['more than a week', '999999', 604_800],
      ['a date', new Date(NOW_MS + 90_000).toUTCString(), 90],
      ['a date that has passed', new Date(NOW_MS - 90_000).toUTCString(), 0],
      ['rubbish', 'soon', undefined],
      ['a negative number', '-5', undefined],
      ['nothing', undefined, undefined],
    ])('reads Retry-After as %s', async (_name, header, retryAfterSeconds) => {
      const headers: Record<string, string> = header === undefined ? {} : { 'retry-after': header };
      const error = await failure(ask(plainAnswer(429, '', headers)));
      expect(error).toMatchObject({ kind: 'rate_limited', httpStatus: 429, retryAfterSeconds, retryable: true });
    });

    if (contract.errorBodies.length > 0) {
      it.each(contract.errorBodies)('calls $name inside a 200 $kind', async ({ body, kind }) => {
        expect(await failure(ask(plainAnswer(200, body)))).toMatchObject({ kind, httpStatus: 200 });
      });
    }

    if (contract.refusals.length > 0) {
      it.each(contract.refusals)('calls $name $kind', async ({ status, body, kind }) => {
        expect(await failure(ask(plainAnswer(status, body)))).toMatchObject({ kind, httpStatus: status });
      });
    }

    it.each([
      ['the plain text of Cloudflare', 'error code: 1015', 'rate_limited'],
      ['a page of HTML', '<html><body>Welcome</body></html>', 'malformed'],
      ['an empty body', '', 'malformed'],
    ])('calls %s with status 200 by its kind', async (_name, body, kind) => {
      expect(await failure(ask(plainAnswer(200, body)))).toMatchObject({ kind, httpStatus: 200 });
    });

    it('holds its deadline when nothing is answered, and tears the connection down', async () => {
      const error = await failure(ask(() => undefined, SHORT_MS));
      expect(error).toMatchObject({ kind: 'timeout', httpStatus: undefined, receivedAt: undefined });
      expect(error.requestedAt).toEqual(new Date(NOW_MS));
      await server.connectionClosed();
    });

    it('holds its deadline when the body drips, and tears the connection down', async () => {
      expect(await failure(ask(slowAnswer(good.body.padEnd(5000)), SHORT_MS))).toMatchObject({ kind: 'timeout' });
      await server.connectionClosed();
    });

    it('stops reading a body without an end, and tears the connection down', async () => {
      expect(await failure(ask(endlessAnswer(200, good.body)))).toMatchObject({ kind: 'malformed' });
      await server.connectionClosed();
      expect(await failure(ask(endlessAnswer(503, good.body)))).toMatchObject({ kind: 'unavailable', httpStatus: 503 });
      await server.connectionClosed();
    });

    it('counts the bytes of a compressed body after unpacking them', async () => {
      const bomb = gzipSync(good.body + ' '.repeat(50 * MAX_BODY_BYTES));
      expect(bomb.byteLength).toBeLessThan(MAX_BODY_BYTES);
      const zipped: AnswerHandler = (_request, response) =>
        void response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
      expect(await failure(ask(zipped))).toMatchObject({ kind: 'malformed' });
    });

    it('calls a compressed body that is none malformed', async () => {
      expect(await failure(ask(plainAnswer(200, good.body, { 'content-encoding': 'gzip' })))).toMatchObject({
        kind: 'malformed',
      });
    });

    it.each([
      ['with its length announced', { 'content-length': String(good.body.length) }],
      ['in chunks', {}],
    ])('believes nothing of an answer that breaks off, %s', async (_name, headers) => {
      const cut: AnswerHandler = (_request, response) => {
        response.writeHead(200, headers);
        response.write(good.body.slice(0, -1), () => response.socket?.destroy());
      };
      expect(await failure(ask(cut))).toMatchObject({ kind: 'unavailable', httpStatus: undefined });
    });

    it('calls a connection that is reset before an answer unavailable', async () => {
      const reset: AnswerHandler = (request) => void request.socket.resetAndDestroy();
      expect(await failure(ask(reset))).toMatchObject({ kind: 'unavailable', retryable: true });
    });

    it('calls an answer that breaks HTTP malformed', async () => {
      const noHttp: AnswerHandler = (request) => void request.socket.end('SSH-2.0-OpenSSH_9.2\r\n');
      expect(await failure(ask(noHttp))).toMatchObject({ kind: 'malformed' });
    });

    it('calls a refused connection unavailable', async () => {
      const unreachable = clientFor(await unusedUrl());
      const error = await failure(unreachable.fetch(source, tickers, { timeoutMs: AMPLE_MS }));
      expect(error).toMatchObject({ kind: 'unavailable', detail: 'connection failed (ECONNREFUSED)' });
      unreachable.close();
    });
  });
}
