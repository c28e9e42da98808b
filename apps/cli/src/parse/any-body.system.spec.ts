import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainDecimal, SOURCE_ERROR_KINDS, REJECTION_REASONS, parseTicker } from '@app/domain';
import { MAX_REFUSAL_BYTES, SOURCES, type RequestedTicker, type Source } from '@app/sources';
import fc from 'fast-check';
import { type ParsedBody, parseBody } from './parse-body.js';

const BESIDE = fileURLToPath(new URL('../../../../../shared/upstream', import.meta.url));
const FOLDER = join(process.env['TIDEMARK_UPSTREAM'] ?? BESIDE, 'recorded');
const STATUSES = [200, 301, 400, 401, 403, 404, 418, 422, 429, 451, 500, 503];
const NOW = Date.parse('2026-11-20T00:00:00Z');

/** What is asked for: every well known ticker that the source has a name for. */
function tickersOf(source: Source): RequestedTicker[] {
  return ['btc_usd', 'eth_usd', 'sol_usd', 'btc_usdt', 'btc_eur'].flatMap((ticker) => {
    const parts = parseTicker(ticker);
    const sourceSymbol = parts === undefined ? undefined : source.defaultSymbol(parts);
    return sourceSymbol === undefined ? [] : [{ ticker, sourceSymbol }];
  });
}

/** What is wrong with a result; empty when nothing is. */
function faultsOf(source: Source, tickers: readonly RequestedTicker[], result: ParsedBody): string[] {
  const said = [...result.accepted, ...result.rejected].map(({ ticker }) => ticker).concat(result.missing);
  const faults: string[] = [];
  if (result.error === null) {
    const asked = tickers.map(({ ticker }) => ticker);
    if (said.toSorted().join() !== asked.toSorted().join())
      faults.push(`reported ${said.join()} instead of ${asked.join()}`);
  } else {
    if (said.length > 0) faults.push('reported tickers beside an error');
    if (!SOURCE_ERROR_KINDS.includes(result.error.kind)) faults.push(`kind ${result.error.kind}`);
    if (/could not be read/.test(result.error.message)) faults.push(`a parser stumbled: ${result.error.message}`);
    if (!result.error.message.startsWith(`${source.name}: `)) faults.push(`message ${result.error.message}`);
  }
  for (const { price } of result.accepted) if (plainDecimal(price) !== price) faults.push(`price ${price}`);
  for (const { reason } of result.rejected) if (!REJECTION_REASONS.includes(reason)) faults.push(`reason ${reason}`);
  return faults;
}

/** As far as a client reads it. */
function bodyOf(path: string, status: number): string {
  const body = readFileSync(path, 'utf8');
  return status === 200 ? body : body.slice(0, MAX_REFUSAL_BYTES);
}

function faultsOver(source: Source, body: string, status: number, headers: Record<string, string> = {}): string[] {
  const tickers = tickersOf(source);
  // A refusal is recognised by its status, whatever was asked for.
  const ways = [tickers, ...(status === 200 ? [tickers.slice(0, 1)] : [])];
  return ways.flatMap((asked) => {
    const response = { status, headers, body };
    return faultsOf(source, asked, parseBody({ source, tickers: asked, response, nowMs: NOW }));
  });
}

describe.each(SOURCES.map((source) => [source.name, source] as const))(
  'any body, read as an answer of %s,',
  (_name, source) => {
    it('is classified when it is text', () => {
      fc.assert(
        fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.constantFrom(...STATUSES), (body, status) => {
          expect(faultsOver(source, body, status)).toEqual([]);
        }),
      );
    });

    it('is classified when it is JSON', () => {
      const keys = fc.constantFrom(
        ...'error result data message code msg price symbol bitcoin usd status id errors rates currency amount base last c quotes'.split(
          ' ',
        ),
      );
      const json = fc.letrec((tie) => ({
        value: fc.oneof(
          { maxDepth: 5 },
          fc.jsonValue({ maxDepth: 1 }),
          fc.constantFrom('0', '', '-1', '1e400', 'BTCUSDT', 'btc-bitcoin', 'bitcoin', 'USD', null),
          fc.array(tie('value'), { maxLength: 3 }),
          fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
        ),
      })).value;
      fc.assert(
        fc.property(json, fc.constantFrom(...STATUSES), (value, status) => {
          expect(faultsOver(source, JSON.stringify(value), status)).toEqual([]);
        }),
        { numRuns: 500 },
      );
    });

    it('is classified under any headers', () => {
      const headers = fc.record({ date: fc.string(), age: fc.string(), 'retry-after': fc.string() });
      fc.assert(
        fc.property(headers, fc.constantFrom(...STATUSES), (given, status) => {
          expect(faultsOver(source, '{}', status, given)).toEqual([]);
        }),
      );
    });

    if (existsSync(FOLDER)) {
      it.each(STATUSES)('is classified when it was recorded, with status %i', (status) => {
        const files = readdirSync(FOLDER, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
        expect(files.length).toBeGreaterThan(100);
        for (const file of files) {
          const path = join(file.parentPath, file.name);
          expect({ path, faults: faultsOver(source, bodyOf(path, status), status) }).toEqual({
            path,
            faults: [],
          });
        }
      });
    } else {
      it('could not be held against the recorded answers: there is no such folder', () => {
        console.log(
          `NOT RUN: the recorded answers, for there is no folder ${FOLDER} (TIDEMARK_UPSTREAM names another).`,
        );
        expect(existsSync(FOLDER)).toBe(false);
      });
    }
  },
);
