import { coinbaseSource } from './coinbase.source.js';
import { describeRecordedAnswers } from '../testing/recorded-answers.contract.js';

describeRecordedAnswers({
  upstream: process.env['TIDEMARK_UPSTREAM'],
  tell: console.log,
  source: coinbaseSource,
  tickers: 'btc_usd',
  answers: [
    {
      file: 'coinbase/exchange_ticker_BTC-USD_2017-10-03.json',
      tickers: 'btc_usd',
      outcome: ['btc_usd=4417.01000000@1507003231.887'],
    },
    {
      file: 'coinbase/exchange_ticker_BTC-USD_2017-10-03.json',
      tickers: 'btc_usd eth_usd',
      outcome: ['btc_usd=4417.01000000@1507003231.887'],
    },
    {
      file: 'coinbase/exchange_ticker_BTC-USD_2017-10-03.json',
      status: 500,
      tickers: 'btc_usd',
      outcome: 'unavailable',
    },
    {
      file: 'coinbase/exchange-rates_v2_XChange.json',
      tickers: 'btc_usd btc_eur btc_jpy eth_usd',
      outcome: ['btc_usd=11723.50', 'btc_eur=9980.00', 'btc_jpy=1319093'],
    },
    { file: 'coinbase/exchange-rates_v2_XChange.json', endpoint: 'exchange-rates', tickers: 'eth_usd', outcome: [] },
    { file: 'coinbase/prices_v2_XChange.json', tickers: 'btc_usd', outcome: ['btc_usd=11832.46'] },
    { file: 'coinbase/prices_v2_XChange.json', endpoint: 'spot', tickers: 'btc_usd', outcome: ['btc_usd=11832.46'] },
    { file: 'coinbase/prices_v2_XChange.json', tickers: 'eth_usd', outcome: [] },
    { file: 'coinbase/error_exchange_404.json', status: 404, tickers: 'btc_usd', outcome: 'not_found' },
    { file: 'coinbase/error_exchange_404.json', tickers: 'btc_usd', outcome: 'not_found' },
    { file: 'coinbase/error_exchange_429.json', status: 429, tickers: 'btc_usd', outcome: 'rate_limited' },
    { file: 'coinbase/error_exchange_429.json', tickers: 'btc_usd', outcome: 'rate_limited' },
    { file: 'coinbase/error_v2_404_invalid_currency.json', status: 404, tickers: 'btc_usd', outcome: 'not_found' },
    { file: 'coinbase/error_v2_404_invalid_currency.json', tickers: 'btc_jpy', outcome: 'not_found' },
    { file: 'coinbase/error_v2_429_rate_limit_doc.json', status: 429, tickers: 'btc_usd', outcome: 'rate_limited' },
    { file: 'coinbase/error_v2_429_rate_limit_doc.json', tickers: 'btc_usd', outcome: 'rate_limited' },
    // A layout that is gone, and a file whose first lines are no part of the answer.
    { file: 'coinbase/exchange-rates_v1_XChange.json', tickers: 'btc_usd', outcome: 'drift' },
    {
      file: 'coinbase/exchange-rates_v1_XChange.json',
      endpoint: 'exchange-rates',
      tickers: 'btc_usd',
      outcome: 'drift',
    },
    { file: 'coinbase/exchange-rates_JKorf.txt', tickers: 'btc_usd', outcome: 'malformed' },
    // Of other endpoints.
    { file: 'coinbase/advanced_ticker_nautilus_2026-04-07.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'coinbase/candles_coinbasepro_XChange.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'coinbase/exchange_product_ETH-USDT_2022-01-30.json', tickers: 'eth_usdt', outcome: 'drift' },
    { file: 'coinbase/exchange_products_2017-10-03.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'coinbase/exchange_products_2021-04-17.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'coinbase/exchange_products_2022-01-30.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'coinbase/exchange_stats_ETH-USDT_2022-01-30.json', tickers: 'eth_usdt', outcome: 'drift' },
    { file: 'coinbase/exchange_trades_ETH-USDT_2022-01-30.json', tickers: 'eth_usdt', outcome: 'drift' },
  ],
  ofOthers: { '400_google_api_key_not_valid.json': 'unauthorized' },
});
