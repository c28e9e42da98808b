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
});
