import { Controller, Get, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ApiAnswer } from '@app/openapi';
import { z } from 'zod';
import { documentedReplies, type Reply } from './documented-replies.js';

const schema = z.strictObject({ price: z.string() }).meta({ id: 'TestedPrice' });

@Controller('prices')
class TestedController {
  @Get(':ticker')
  @ApiAnswer({ description: 'A price.', schema, example: { price: '1' } })
  read(): unknown {
    return {};
  }
}

@Module({ controllers: [TestedController] })
class TestedModule {}

describe('the check of replies', () => {
  const json = new Headers({ 'content-type': 'application/json; charset=utf-8' });
  const problem = new Headers({ 'content-type': 'application/problem+json' });
  let check: (reply: Reply) => void;

  beforeAll(async () => {
    check = documentedReplies(await NestFactory.createApplicationContext(TestedModule, { logger: false }), /^\/docs$/);
  });

  const reply = (change: Partial<Reply> & { readonly body?: unknown }): Reply => ({
    method: 'GET',
    path: '/prices/btc_usd?at=1',
    status: 200,
    headers: json,
    text: JSON.stringify(change.body ?? { price: '1' }),
    ...change,
  });
  const document = { type: 'about:blank', title: 'a', status: 404, detail: 'b', instance: '/c', request_id: 'd' };

  it.each([
    ['an answer', {}],
    ['a problem', { status: 404, headers: problem, body: document }],
    ['what is not documented', { path: '/docs', body: 1 }],
  ])('accepts %s', (_what, change) => {
    expect(() => check(reply(change))).not.toThrow();
  });

  it.each([
    ['a field too many', { body: { price: '1', colour: 'red' } }, 'Unrecognized key: "colour"'],
    ['a field that is missing', { body: {} }, 'at price'],
    ['a field of another type', { body: { price: 1 } }, 'expected string'],
    ['another status', { status: 201 }, 'documented are 200'],
    ['another media type', { headers: new Headers({ 'content-type': 'text/plain' }) }, 'documented are 200'],
    ['a route that nobody documents', { path: '/gaps' }, 'no route documents it'],
    ['a method that nobody documents', { method: 'POST' }, 'no route documents it'],
    ['a problem with a field too many', { status: 404, headers: problem, body: { ...document, a: 1 } }, '"a"'],
    ['a problem of another status', { status: 400, headers: problem, body: document }, 'at status'],
  ])('refuses %s', (_what, change, message) => {
    expect(() => check(reply(change))).toThrow(message);
  });
});
