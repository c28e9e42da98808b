import { bitstampSource } from './bitstamp.source.js';
import { describeRecordedAnswers } from '../testing/recorded-answers.contract.js';

const NEWEST = 'bitstamp/ticker_btcusd_2026-09-19.json';
const ERRORS = 'bitstamp/errors_XChange.txt';

describeRecordedAnswers({
  upstream: process.env['TIDEMARK_UPSTREAM'],
  tell: console.log,
  source: bitstampSource,
  tickers: 'btc_usd',
  answers: [
    { file: NEWEST, tickers: 'btc_usd', outcome: ['btc_usd=81425.16@1789844293'] },
    // It does not say of which market it is, so it is of the first.
    { file: NEWEST, tickers: 'btc_usd eth_usd', outcome: ['btc_usd=81425.16@1789844293'] },
    { file: NEWEST, status: 503, tickers: 'btc_usd', outcome: 'unavailable' },
    { file: 'bitstamp/ticker_btcusd_2017-10-03.json', tickers: 'btc_usd', outcome: ['btc_usd=4402.16@1507003445'] },
    { file: 'bitstamp/ticker_btcusd_gct.json', tickers: 'btc_usd', outcome: ['btc_usd=2211.00@1643640186'] },
    // Several bodies in one file, which no answer is.
    { file: ERRORS, status: 400, tickers: 'btc_usd', outcome: 'drift' },
    { file: ERRORS, status: 403, tickers: 'btc_usd', outcome: 'forbidden_region' },
    { file: ERRORS, tickers: 'btc_usd', outcome: 'malformed' },
    // Of other endpoints.
    { file: 'bitstamp/eur_usd_gct.json', tickers: 'eur_usd', outcome: 'drift' },
    { file: 'bitstamp/ohlc_btcusd_1d_2019_gct.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'bitstamp/ohlc_btcusd_1m_gct.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'bitstamp/trading_pairs_info_2022-01-05.json', tickers: 'btc_usd', outcome: 'drift' },
  ],
  anywhere: {
    '200_html_spa_page_instead_of_json.html': 'malformed',
    '200_json_sent_as_text_html.json': 'drift',
    '301_empty_body.txt': 'malformed',
    '301_html_to_plain_http.html': 'malformed',
    '400_google_api_key_not_valid.json': 'drift',
    '401_alchemy_invalid_key.txt': 'unauthorized',
    '404_cryptocompare_no_data_before_first_trade.json': 'not_found',
    '404_empty_body.txt': 'not_found',
    '404_nginx_behind_cloudflare.html': 'not_found',
    '408_text_plain.txt': 'timeout',
    '500_routescan.json': 'unavailable',
    '500_textplain_with_full_ticker_json.json': 'unavailable',
    '503_nginx_html.html': 'unavailable',
  },
});
