import fc from 'fast-check';
import type { Source } from '../contract/index.js';
import { readAnswer } from '../read-answer.js';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import { httpJsonSource } from './http-json.js';
import { readDeclarations } from './read-declarations.js';

function declared(fields: string): Source {
  const [declaration] = readDeclarations(
    `sources:\n  - {id: 100, name: example, url: 'https://a.example/{source_symbol}', price: p, identity: none, ${fields.includes('time:') ? '' : 'time: t,'}
     limit: {calls: 1, per_seconds: 1, origin: docs}, ${fields}}`,
    'the test',
  );
  if (declaration === undefined) throw new Error('nothing was declared');
  return httpJsonSource(declaration);
}

/** The time that is read in an answer; a text where none is. @param wire JSON. */
function read(source: Source, wire: string): number | string {
  const outcome = outcomeOf(source, `{"p":1,"t":${wire}}`, [{ ticker: 'btc_usd', sourceSymbol: 'x' }]);
  if (!('quotes' in outcome)) return 'kind' in outcome ? outcome.kind : 'thrown';
  return outcome.quotes[0]?.sourceTime?.getTime() ?? 'none';
}

const milliseconds = fc.integer({ min: Date.UTC(2010, 0, 2), max: Date.UTC(2099, 0, 1) });

const UNITS = [
  ['seconds', -3],
  ['milliseconds', 0],
  ['microseconds', 3],
  ['nanoseconds', 6],
] as const;

/** A number of milliseconds in another unit, as text, with what follows below it. */
function inUnit(ms: number, places: number, rest: string): string {
  const digits = String(ms);
  if (places >= 0)
    return `${digits}${rest.slice(0, places).padEnd(places, '0')}${rest.length > places ? `.${rest.slice(places)}` : ''}`;
  return `${digits.slice(0, places)}.${digits.slice(places)}${rest}`;
}

describe('a declared time', () => {
  it.each(UNITS)(
    'in %s is exact to the millisecond, as number and as text, with decimals and without',
    (unit, places) => {
      const source = declared(`time_unit: ${unit}`);
      fc.assert(
        fc.property(milliseconds, fc.stringMatching(/^\d{0,12}$/), (ms, rest) => {
          const text = inUnit(ms, places, rest);
          expect(read(source, text)).toBe(ms);
          expect(read(source, `"${text}"`)).toBe(ms);
        }),
      );
    },
  );

  it.each(UNITS)('in %s is drift when it is of any other unit', (unit) => {
    const source = declared(`time_unit: ${unit}`);
    fc.assert(
      fc.property(milliseconds, (ms) => {
        for (const [other, places] of UNITS) {
          if (other !== unit) expect(read(source, inUnit(ms, places, ''))).toBe('drift');
        }
      }),
    );
  });

  it.each(['"soon"', '""', '-1767265201', '"1767265201."', '{}', '[]', 'true', '"1767265201 "'])(
    'is not %s',
    (wire) => {
      expect(read(declared('time_unit: seconds'), wire)).toBe('drift');
    },
  );

  it.each(['seconds', 'iso'])('in %s that is null is drift, and none where it may be left out', (unit) => {
    expect(read(declared(`time_unit: ${unit}`), 'null')).toBe('drift');
    expect(read(declared(`time_unit: ${unit}, time_optional: true`), 'null')).toBe('none');
  });

  it.each(['{"p":1}', '{"p":1,"data":{}}', '{"p":1,"data":null}'])(
    'that %s does not hold is drift, and none where it may be left out',
    (body) => {
      for (const path of ['when', 'data.when']) {
        const asked = [{ ticker: 'btc_usd', sourceSymbol: 'x' }];
        const [strict, optional] = ['', ', time_optional: true'].map((more) =>
          declared(`time: ${path}, time_unit: seconds${more}`),
        );
        expect(strict && outcomeOf(strict, body, asked)).toMatchObject({ kind: 'drift' });
        expect(optional && outcomeOf(optional, body, asked)).toMatchObject({ quotes: [{ sourceTime: undefined }] });
      }
    },
  );

  it.each([
    ['ts', '{"p":"5","TS":1700000000000}', 'ts from TS'],
    ['data.updated_at', '{"p":"5","data":{"updatedAt":1700000000000}}', 'data.updated_at from data.updatedAt'],
    ['data.updated_at', '{"p":"5","date":{"updated_at":1700000000000}}', undefined],
    ['time', '{"p":"5","time_ms":1700000000000}', undefined],
  ])('%s with another name in %s is drift, also where it may be left out', (path, body, mapping) => {
    for (const more of ['', ', time_optional: true']) {
      const source = declared(`time: ${path}, time_unit: milliseconds${more}`);
      const asked = [{ ticker: 'btc_usd', sourceSymbol: 'x' }];
      expect(outcomeOf(source, body, asked)).toMatchObject({ kind: 'drift' });
      if (mapping === undefined) continue;
      const options = { nowMs: 0, driftPolicy: 'map' } as const;
      expect(readAnswer(source, asked, { status: 200, headers: {}, body }, options).readings).toEqual([
        expect.objectContaining({ sourceTime: new Date(1_700_000_000_000), mapped: [mapping] }),
      ]);
    }
  });

  it('that a number writes with an exponent is read', () => {
    expect(read(declared('time_unit: nanoseconds'), '1.767265201123e18')).toBe(1_767_265_201_123);
  });

  it('in ISO needs a zone, its own or the declared one', () => {
    const [plain, zoned] = [declared('time_unit: iso'), declared('time_unit: iso, time_zone: Asia/Seoul')];
    expect(read(plain, '"2026-01-01T20:00:01.5+09:00"')).toBe(1_767_265_201_500);
    expect(read(plain, '"2026-01-01 20:00:01"')).toBe('drift');
    expect(read(zoned, '"2026-01-01 20:00:01"')).toBe(1_767_265_201_000);
    expect(read(zoned, '"2026-01-01T11:00:01Z"')).toBe(1_767_265_201_000);
    expect(read(zoned, '20260101')).toBe('drift');
    expect(read(zoned, '"1999-01-01T11:00:01Z"')).toBe('drift');
  });
});
