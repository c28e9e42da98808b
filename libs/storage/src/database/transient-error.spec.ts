import { isTransientDatabaseError } from './transient-error.js';

function errorWith(code: unknown): Error {
  return Object.assign(new Error('failed'), { code });
}

describe('errors of the database', () => {
  test.each([
    ['08006', 'connection failure'],
    ['53300', 'too many connections'],
    ['57P01', 'shut down by an administrator'],
    ['57P02', 'crash shutdown'],
    ['57P03', 'still starting up'],
    ['40001', 'serialisation failure'],
    ['40P01', 'deadlock'],
    ['55P03', 'lock not available'],
    ['57014', 'statement timeout'],
    ['25P03', 'idle in transaction'],
    ['25006', 'a standby that is not promoted yet'],
  ])('%s (%s) may pass', (code) => {
    expect(isTransientDatabaseError(errorWith(code))).toBe(true);
  });

  test.each([
    ['23505', 'unique violation'],
    ['23514', 'check violation'],
    ['22P02', 'not a number'],
    ['22021', 'not UTF-8'],
    ['42P01', 'no such table'],
    ['42703', 'no such column'],
    ['42501', 'no privilege'],
    ['28P01', 'wrong password'],
    ['3D000', 'no such database'],
    ['XX000', 'internal error'],
    ['P0001', 'raised'],
  ])('%s (%s) does not', (code) => {
    expect(isTransientDatabaseError(errorWith(code))).toBe(false);
  });

  test.each([
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'ENOTFOUND',
    'EPIPE',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETDOWN',
    'EBUSY',
  ])('%s, an error of the way to the database, may pass', (code) => {
    expect(isTransientDatabaseError(errorWith(code))).toBe(true);
  });

  test('an error of the driver without a code may pass', () => {
    expect(isTransientDatabaseError(new Error('Connection terminated unexpectedly'))).toBe(true);
    expect(isTransientDatabaseError(new Error('timeout exceeded when trying to connect'))).toBe(true);
    expect(isTransientDatabaseError(new Error('Query read timeout'))).toBe(true);
  });

  test.each([TypeError, RangeError, ReferenceError, SyntaxError])('a fault of the program (%p) does not', (Fault) => {
    expect(isTransientDatabaseError(new Fault('x is not a function'))).toBe(false);
  });
});
