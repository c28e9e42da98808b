import '../../../../test/support/one-realm-of-errors.js';
import net from 'node:net';
import { Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogBook, type LogBook } from '../../../../test/support/log-lines.js';
import { createServer } from './http-server.js';
import { listenOn } from './listen.js';
import { plainProblem, type ProblemRules } from './problem.js';

class AwayError extends Error {}

@Controller()
class SomeController {
  @Get('broken')
  broken(): never {
    throw new Error('password=secret');
  }

  @Get('away')
  away(): never {
    throw new AwayError('no connection to 10.0.0.7');
  }

  @Post('body')
  body(): string {
    return 'taken';
  }
}

@Module({ controllers: [SomeController] })
class SomeModule {}

const PROBLEMS: ProblemRules = {
  known: (error) => (error instanceof AwayError ? plainProblem(503, 'Ask again shortly.') : undefined),
  notFound: plainProblem(404, 'There is nothing here.'),
  fault: plainProblem(500, 'This is a fault of ours.'),
};

describe('the web server of a process', () => {
  let log: LogBook;
  let app: NestFastifyApplication;
  let url: string;

  beforeAll(async () => {
    log = createLogBook();
    app = await createServer({ module: SomeModule }, { logger: log.logger, problems: PROBLEMS, bodyLimit: 10 });
    url = await listenOn(app, { host: '127.0.0.1', port: 0, portVariable: 'SOME_PORT' });
  });
  afterAll(() => app.close());

  it.each([
    ['GET', '/nothing?x=1', 404, 'There is nothing here.'],
    ['GET', '/broken', 500, 'This is a fault of ours.'],
    ['GET', '/away', 503, 'Ask again shortly.'],
    ['GET', '/%zz', 400, /zz/],
    ['POST', '/body', 413, /too large/],
  ])('answers %s %s with a problem document of status %s', async (method, path, status, detail) => {
    const body = method === 'POST' ? JSON.stringify({ much: 'more than ten bytes' }) : null;
    const answer = await fetch(url + path, { method, body, headers: { 'content-type': 'application/json' } });
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: expect.stringMatching(/./),
      status,
      detail: expect.stringMatching(detail),
      instance: path.split('?')[0],
      request_id: answer.headers.get('x-request-id'),
    });
  });

  it('answers what is no HTTP with a problem document too', async () => {
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    socket.end('what is this\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
    expect(JSON.parse(text.slice(text.indexOf('{')))).toMatchObject({ status: 400, title: 'Bad Request' });
  });

  it('logs a fault in full under the request id, and what a store that is away fails for debugging alone', async () => {
    log.clear();
    const headers = { 'x-request-id': 'trace-1' };
    await fetch(`${url}/broken`, { headers });
    await fetch(`${url}/away`);
    expect(log.of('request_failed')).toMatchObject([
      { level: 50, request_id: 'trace-1', path: '/broken', err: { message: 'password=secret' } },
      { level: 20, path: '/away' },
    ]);
  });

  it('lets no answer into a cache or a frame, and takes a request id that is plain', async () => {
    const { headers } = await fetch(`${url}/nothing`, { headers: { 'x-request-id': 'a b' } });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).toMatch(/default-src 'self'.*frame-ancestors 'none'/);
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('names the variable of a port that is in use', async () => {
    const second = await createServer({ module: SomeModule }, { logger: log.logger, problems: PROBLEMS });
    const port = Number(new URL(url).port);
    await expect(listenOn(second, { host: '127.0.0.1', port, portVariable: 'SOME_PORT' })).rejects.toThrow(
      new RegExp(`SOME_PORT ${port} is in use|EADDRINUSE`),
    );
    await second.close();
  });
});
