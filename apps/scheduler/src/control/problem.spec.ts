import { invalidParameters, problemOf } from '@app/process/server';
import { BadRequestException } from '@nestjs/common';
import { CatalogueError } from '../catalogue/resolve-ticker.js';
import { CONTROL_PROBLEMS, unknownTicker } from './problem.js';

describe('a problem of the control API', () => {
  it.each([
    ['a refused connection', Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }), 503],
    ['a connection that broke', new Error('Connection terminated unexpectedly'), 503],
    ['a connection that was not made in time', new Error('timeout exceeded when trying to connect'), 503],
    ['a database that shuts down', Object.assign(new Error('terminating'), { code: '57P01' }), 503],
    ['a statement that Postgres refuses', Object.assign(new Error('relation "x"'), { code: '42P01' }), 500],
    ['a fault of ours', new TypeError('x is undefined'), 500],
    ['an error of any kind', new Error('what is this'), 500],
    ['no error at all', 'thrown', 500],
    ['a web framework that refuses a body', Object.assign(new Error('Body is not valid'), { statusCode: 400 }), 400],
    ['a refusal of Nest', new BadRequestException('wrong'), 400],
    ['a catalogue that cannot be', new CatalogueError(['one', 'two']), 400],
  ])('is of the status of %s', (_what, error, status) => {
    expect(problemOf(error, CONTROL_PROBLEMS).problem).toMatchObject({
      status,
      type: expect.stringMatching(/./),
      title: expect.stringMatching(/./),
    });
  });

  it('tells nobody what went wrong inside', () => {
    const problem = problemOf(new Error('password=secret'), CONTROL_PROBLEMS).problem;
    expect(JSON.stringify(problem)).not.toContain('secret');
  });

  it('lists the faults of a catalogue one by one', () => {
    expect(problemOf(new CatalogueError(['one', 'two']), CONTROL_PROBLEMS).problem.errors).toEqual([
      { parameter: 'sources', detail: 'one' },
      { parameter: 'sources', detail: 'two' },
    ]);
  });

  it('lists no more faults than anybody reads', () => {
    const faults = Array.from({ length: 1_000 }, (_, index) => ({ parameter: `f${index}`, detail: 'is wrong' }));
    expect(invalidParameters(faults).problem.errors).toHaveLength(20);
  });

  it('calls a fault of the whole body by that name', () => {
    expect(invalidParameters([{ parameter: '', detail: 'must be an object' }]).problem).toMatchObject({
      detail: 'body must be an object',
      errors: [{ parameter: 'body' }],
    });
  });

  it('names a ticker that is not known, and the nearest', () => {
    expect(unknownTicker('ABC/USD', ['btc_usd', 'eth_eur']).problem).toMatchObject({
      status: 404,
      detail: 'abc_usd is not known: did you mean btc_usd?',
    });
  });
});
