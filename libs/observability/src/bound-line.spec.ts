import { Writable } from 'node:stream';
import fc from 'fast-check';
import { pino, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { MAX_LINE_BYTES } from './bound-line.js';
import { pinoOptions, PRETTY } from './logger.js';

type Fields = Record<string, unknown>;

/** What is written of one event, line by line. */
function written(log: (logger: Logger) => void): string[] {
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  log(pino(pinoOptions({ name: 'worker', level: 'trace' }), sink));
  return lines;
}

function only(log: (logger: Logger) => void): { readonly text: string; readonly line: Fields } {
  const [text = '', ...more] = written(log);
  expect(more).toEqual([]);
  return { text, line: JSON.parse(text) as Fields };
}

/** Long and short, with quotes, control characters, halves of characters. */
const texts = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 1_200 }),
  fc
    .tuple(fc.constantFrom('a', '"', '\\', '\n', '\u0001', '\ud800', 'é', '😀'), fc.nat(3_000))
    .map(([one, count]) => one.repeat(count)),
);
const values = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    texts,
    fc.double(),
    fc.bigInt(),
    fc.constant(undefined),
    fc.constant(null),
    fc.array(tie('any'), { maxLength: 45 }),
    fc.dictionary(texts, tie('any'), { maxKeys: 12 }),
    fc.array(fc.nat(), { minLength: 300, maxLength: 600 }),
  ),
})).any;
const errors = fc
  .array(
    fc.record({
      made: fc.constantFrom(Error, TypeError, RangeError),
      message: texts,
      fields: fc.dictionary(
        fc.constantFrom('code', 'detail', 'query', 'parameters', 'name', 'message', 'stack'),
        values,
      ),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((chain) =>
    chain.reduce<Error | undefined>((cause, { made: Made, message, fields }) => {
      const error = new Made(message, cause === undefined ? undefined : { cause });
      return Object.assign(error, fields);
    }, undefined),
  );
const fields = fc.dictionary(
  texts.filter((name) => !['level', 'time', 'event', 'err', 'source', 'reason', '__proto__', 'toJSON'].includes(name)),
  values,
  { maxKeys: 30 },
);

describe('a line of the log', () => {
  test('is valid JSON of at most 1,024 bytes with event, level and time, whatever is logged', () => {
    fc.assert(
      fc.property(errors, fields, texts, (err, more, message) => {
        const { text, line } = only((logger) =>
          logger.warn({ ...more, err, reason: 'timeout', event: 'source_paused', source: 'kraken' }, message),
        );
        expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_LINE_BYTES);
        expect(text.indexOf('\n')).toBe(text.length - 1);
        expect(line).toMatchObject({ level: 'warn', event: 'source_paused', source: 'kraken', reason: 'timeout' });
        expect(new Date(String(line['time'])).toISOString()).toBe(line['time']);
      }),
      { numRuns: 150 },
    );
  });

  test.each([1, 37, 500, 1_200])(
    'with %s fields of long texts keeps what happened, and says that it was cut',
    (count) => {
      const more = Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`field_${index}`, 'x'.repeat(1_500)]),
      );
      const { text, line } = only((logger) => logger.info({ ...more, event: 'e'.repeat(900) }, 'm'.repeat(2_000)));
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_LINE_BYTES);
      expect(line['event']).toMatch(/^e+…$/);
      expect(line['cut_bytes']).toBeGreaterThan(1_500 * count);
    },
  );

  test('of usual length stays as it is', () => {
    const { line } = only((logger) => logger.info({ event: 'sample_stored', detail: 'd'.repeat(850) }, 'stored'));
    expect(line).toMatchObject({ detail: 'd'.repeat(850), msg: 'stored' });
    expect(line).not.toHaveProperty('cut_bytes');
  });

  test('keeps its own level and time where fields have these names', () => {
    const { line } = only((logger) => logger.warn({ level: 'odd', time: 'never', detail: 'd'.repeat(5_000) }));
    expect(line['level']).toBe('warn');
    expect(line['time']).toMatch(/^\d{4}-/);
  });

  test('uses the room that there is for its longest text', () => {
    const url = `https://api.example.org/prices?pairs=${Array.from({ length: 100 }, (_, index) => `COIN${index}USD`).join(',')}`;
    const { text, line } = only((logger) =>
      logger.warn({ event: 'fetch_failed', source: 'kraken', slot: 1_796_000_000, url }, 'timeout'),
    );
    expect(Buffer.byteLength(text)).toBeGreaterThan(MAX_LINE_BYTES - 10);
    expect(line).toMatchObject({ slot: 1_796_000_000, msg: 'timeout' });
    expect(String(line['url']).length).toBeGreaterThan(700);
  });

  test('is no longer on a terminal', () => {
    fc.assert(
      fc.property(errors, texts, (err, message) => {
        let shown = '';
        const sink = new Writable({
          write: (chunk: Buffer, _encoding, done) => {
            shown += chunk.toString();
            done();
          },
        });
        const stream = pretty({ ...PRETTY, colorize: true, sync: true, destination: sink });
        pino(pinoOptions({ name: 'worker', level: 'info' }), stream).warn({ event: 'source_paused', err }, message);
        expect(shown).toContain('source_paused');
        expect(Math.max(...shown.split('\n').map((line) => Buffer.byteLength(line) + 1))).toBeLessThanOrEqual(
          MAX_LINE_BYTES,
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe('an error in the log', () => {
  function deep(depth: number): never {
    if (depth > 0) return deep(depth - 1);
    throw new TypeError('the database went away');
  }

  function fail(): never {
    try {
      return deep(30);
    } catch (cause) {
      throw new Error(`could not store ${'x'.repeat(300)}`, { cause });
    }
  }

  test('names every cause, and where each was thrown', () => {
    let caught: unknown;
    try {
      fail();
    } catch (error) {
      caught = error;
    }
    const { text, line } = only((logger) => logger.error({ event: 'task_failed', err: caught }, 'failed'));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(MAX_LINE_BYTES);
    const { message, stack } = line['err'] as { message: string; stack: string };
    expect(message).toContain('could not store');
    expect(stack).toMatch(/^Error: could not store/);
    expect(stack).toMatch(/at fail .*bound-line\.spec\.ts:\d+:\d+/);
    expect(stack).toContain('caused by: TypeError: the database went away');
    expect(stack).toMatch(/at deep .*bound-line\.spec\.ts:\d+:\d+/);
  });
});
