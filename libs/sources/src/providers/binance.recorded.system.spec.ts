import { binanceSource } from './binance.source.js';
import { describeRecordedAnswers } from '../testing/recorded-answers.contract.js';

const ONE = 'binance/ticker_price_BTCUSDT_gct.json';
const ONE_DAY = 'binance/ticker_24hr_BTCUSDT_gct.json';
const ALL = 'binance/ticker_24hr_all_2019-08-22.json';
const US = 'binance/us_ticker_24hr_all_2019-09-19.json';
const UNKNOWN = 'binance/error_400_invalid_symbol_doc.json';
const BANNED = 'binance/error_418_ip_banned.json';

describeRecordedAnswers({
  upstream: process.env['TIDEMARK_UPSTREAM'],
  tell: console.log,
  source: binanceSource,
  tickers: 'btc_usdt eth_usd',
  answers: [
    { file: ONE, tickers: 'btc_usdt', outcome: ['btc_usdt=6622.57000000'] },
    { file: ONE, tickers: 'btc_usd eth_usd', outcome: ['btc_usd=6622.57000000'] },
    { file: ONE, tickers: 'btc_usdt', endpoint: 'ticker-24hr', outcome: 'drift' },
    { file: ONE, tickers: 'eth_btc btc_eur', outcome: [] },
    { file: ONE, status: 500, tickers: 'btc_usdt', outcome: 'unavailable' },
    { file: ONE_DAY, tickers: 'btc_usdt eth_usdt', outcome: ['btc_usdt=6705.82000000@1586991278.494'] },
    { file: ONE_DAY, tickers: 'btc_usdt', endpoint: 'ticker-price', outcome: 'drift' },
    {
      file: ALL,
      tickers: 'btc_usd eth_btc usdc_usd btc_usdc sol_usd ltc_bnb ada_eth',
      outcome: [
        'btc_usd=9912.33000000@1566445106.532',
        'eth_btc=0.01864700@1566445106.119',
        'usdc_usd=1.00090000@1566445106.172',
        'btc_usdc=9900.67000000@1566445106.131',
        'ltc_bnb=2.70100000@1566445106.433',
        'ada_eth=0.00025747@1566445106.242',
      ],
    },
    // Markets that had not opened: the price is handed on, and rejected as not positive.
    { file: US, tickers: 'btc_usdt sol_usd', outcome: ['btc_usdt=0.00000000@1568698199.029'] },
    { file: UNKNOWN, status: 400, tickers: 'btc_usdt', outcome: 'not_found' },
    { file: UNKNOWN, tickers: 'btc_usdt', outcome: 'not_found' },
    { file: BANNED, status: 418, tickers: 'btc_usdt', outcome: 'rate_limited' },
    { file: BANNED, status: 429, tickers: 'btc_usdt', outcome: 'rate_limited' },
    { file: BANNED, tickers: 'btc_usdt', outcome: 'rate_limited' },
    // Of other endpoints.
    { file: 'binance/avgPrice_BTCUSDT_gct.json', tickers: 'btc_usdt', outcome: 'drift' },
    { file: 'binance/exchangeInfo_2019-08-22.json', tickers: 'btc_usdt', outcome: 'drift' },
    { file: 'binance/exchangeInfo_gct.json', tickers: 'btc_usdt', outcome: 'drift' },
    { file: 'binance/exchangeInfo_rotki.json', tickers: 'btc_usdt', outcome: 'drift' },
    { file: 'binance/klines_BTCUSDT_1d_2019_gct.json', tickers: 'btc_usdt', outcome: 'drift' },
    { file: 'binance/klines_BTCUSDT_1h_1000rows_2020_gct.json', tickers: 'btc_usdt', outcome: 'drift' },
    { file: 'binance/trades_BTCUSDC_2019-08-22.json', tickers: 'btc_usdc', outcome: 'drift' },
    { file: 'binance/us_trades_BTCUSD_2019-09-19.json', tickers: 'btc_usdt', outcome: 'drift' },
  ],
  // Its `code` is an error in the form of Binance too.
  ofOthers: { '400_google_api_key_not_valid.json': 'unavailable' },
});
