import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTicker } from '@app/domain';
import { outcomeOf } from '../testing/judge-parse.contract.js';
import { httpJsonSource } from './http-json.js';
import { readDeclarations } from './read-declarations.js';

// The recorded answers have no licence and so are not part of this repository, but lie beside it.
const BESIDE = fileURLToPath(new URL('../../../../../shared/upstream', import.meta.url));
const FOLDER = join(process.env['TIDEMARK_UPSTREAM'] ?? BESIDE, 'recorded');

const LIMIT = 'limit: {calls: 1, per_seconds: 1, origin: docs}';

/** Declarations of what these exchanges really answered: a row of one, a list of hundreds, rows beside a time with a fraction, candles. */
const DECLARED = {
  okx: `{id: 100, name: okx, url: 'https://a.example/i?instId={source_symbol}', source_symbol_template: '{BASE}-{QUOTE}', rows: data,
    identity: {instId: '{source_symbol}'}, price: idxPx, time: ts, time_unit: milliseconds, success: {path: /code, is: '0'}, error: msg, ${LIMIT}}`,
  'okx-list': `{id: 101, name: okx-list, url: 'https://a.example/all', source_symbol_template: '{BASE}-{QUOTE}', rows: ., price: last,
    identity: {instrument_id: '{source_symbol}'}, time: timestamp, time_unit: iso, ${LIMIT}}`,
  bybit: `{id: 102, name: bybit, url: 'https://a.example/tickers', source_symbol_template: '{BASE}{QUOTE}', rows: result, price: last_price,
    identity: {symbol: '{source_symbol}'}, time: /time_now, time_unit: seconds, success: {path: ret_code, is: 0}, error: ret_msg, ${LIMIT}}`,
  candles: `{id: 103, name: candles, url: 'https://a.example/c/{source_symbol}', source_symbol_template: '{BASE}{QUOTE}', by_position: true,
    identity: {result.symbol: '{source_symbol}'}, price: result.list.0.4, time: result.list.0.0, time_unit: milliseconds,
    success: {path: retCode, is: 0}, error: retMsg, ${LIMIT}}`,
};

/** `price@time` of a ticker, or the kind of the error. */
function read(name: keyof typeof DECLARED, file: string, ticker: string): string {
  const [declaration] = readDeclarations(`sources:\n  - ${DECLARED[name]}`, 'the test');
  const parts = parseTicker(ticker);
  if (declaration === undefined || parts === undefined) throw new Error('nothing was declared');
  const source = httpJsonSource(declaration);
  const asked = [{ ticker, sourceSymbol: source.defaultSymbol(parts) ?? '' }];
  const outcome = outcomeOf(source, readFileSync(join(FOLDER, file), 'utf8'), asked);
  if (!('quotes' in outcome)) return 'kind' in outcome ? outcome.kind : String(outcome.thrown);
  return outcome.quotes.map((quote) => `${quote.price}@${quote.sourceTime?.toISOString()}`).join();
}

if (existsSync(FOLDER)) {
  describe('recorded answers and declared sources', () => {
    it.each<[keyof typeof DECLARED, string, string, string]>([
      ['okx', 'okx/v5_index_tickers_nautilus_2025-05-11.json', 'btc_usdt', '103895@2025-05-11T05:51:47.815Z'],
      ['okx', 'okx/v5_index_tickers_nautilus_2025-05-11.json', 'eth_usdt', 'drift'],
      ['okx-list', 'okx/spot_v3_ticker_all_2020-03-27.json', 'btc_usdt', '6668.4@2020-03-27T10:38:39.289Z'],
      ['okx-list', 'okx/spot_v3_ticker_all_2020-03-27.json', 'ltc_btc', '0.006002@2020-03-27T10:38:35.178Z'],
      ['okx-list', 'okx/spot_v3_ticker_all_2020-03-27.json', 'luna_usdt', 'drift'],
      ['bybit', 'bybit/v2_public_tickers_2019-09-05.json', 'btc_usd', '10538.50@2019-09-05T03:29:29.767Z'],
      ['bybit', 'bybit/v2_public_tickers_2019-09-05.json', 'xrp_usd', '0.2587@2019-09-05T03:29:29.767Z'],
      ['bybit', 'bybit/v2_public_tickers_2019-09-05.json', 'ltc_usd', 'drift'],
      ['bybit', 'bybit/v2_public_symbols_2021-04-17.json', 'btc_usd', 'drift'],
      ['candles', 'bybit/v5_kline_linear_nautilus.json', 'btc_usdt', '27455@2024-03-08T09:54:39.000Z'],
      ['candles', 'bybit/v5_kline_linear_nautilus.json', 'eth_usdt', 'drift'],
      ['okx', '_http_errors/200_html_spa_page_instead_of_json.html', 'btc_usdt', 'malformed'],
      ['okx', '_http_errors/500_textplain_with_full_ticker_json.json', 'btc_usdt', 'drift'],
    ])('come out as they should: %s reads %s for %s', (name, file, ticker, outcome) => {
      expect(read(name, file, ticker)).toBe(outcome);
    });
  });
} else {
  it('could not be held against the recorded answers: there is no such folder', () => {
    console.log(`NOT RUN: the recorded answers, for there is no folder ${FOLDER} (TIDEMARK_UPSTREAM names another).`);
    expect(existsSync(FOLDER)).toBe(false);
  });
}
