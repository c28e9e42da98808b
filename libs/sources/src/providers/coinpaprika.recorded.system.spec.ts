import { coinpaprikaSource } from './coinpaprika.source.js';
import { describeRecordedAnswers } from '../testing/recorded-answers.contract.js';

const BITCOIN = 'btc_usd=38054.559249568@1643566988';
const TICKERS = 'coinpaprika/tickers_btc-bitcoin_2022-01-30_a.json';
const UNKNOWN = 'coinpaprika/error_404_tickers_unknown.json';

describeRecordedAnswers({
  upstream: process.env['TIDEMARK_UPSTREAM'],
  tell: console.log,
  source: coinpaprikaSource,
  tickers: 'btc_usd eth_usd',
  answers: [
    { file: TICKERS, tickers: 'btc_usd', outcome: [BITCOIN] },
    { file: TICKERS, tickers: 'btc_usd', endpoint: 'ticker', outcome: [BITCOIN] },
    { file: TICKERS, tickers: 'btc_usd', endpoint: 'tickers', outcome: 'drift' },
    { file: TICKERS, tickers: 'eth_usd btc_usd btc_eur', outcome: [BITCOIN] },
    { file: TICKERS, tickers: 'eth_usd', outcome: [] },
    { file: TICKERS, status: 500, tickers: 'btc_usd', outcome: 'unavailable' },
    { file: UNKNOWN, status: 404, tickers: 'btc_usd', outcome: 'not_found' },
    { file: UNKNOWN, tickers: 'btc_usd', outcome: 'not_found' },
    // Of other endpoints of CoinPaprika: none holds a ticker, the coin of the right id included.
    { file: 'coinpaprika/coins_btc-bitcoin_2022-01-30.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'coinpaprika/coins_eth-ethereum_2022-01-30.json', tickers: 'eth_usd', outcome: 'drift' },
    { file: 'coinpaprika/coins_eth_events_2022-01-30.json', tickers: 'eth_usd', outcome: 'drift' },
    { file: 'coinpaprika/coins_eth_exchanges_2022-01-30.json', tickers: 'eth_usd', outcome: 'drift' },
    { file: 'coinpaprika/coins_eth_markets_2022-01-30.json', tickers: 'eth_usd btc_usd', outcome: 'drift' },
    { file: 'coinpaprika/ohlcv_historical_eth_2021-11-01_2022-01-30.json', tickers: 'eth_usd', outcome: 'drift' },
    { file: 'coinpaprika/price_converter_usd_bsv_2020-06-28.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'coinpaprika/redirect_301_trailing_slash_ohlcv_2022-01-30.html', tickers: 'eth_usd', outcome: 'malformed' },
    { file: 'coinpaprika/search_ethereum_2022-01-29.json', tickers: 'eth_usd', outcome: 'drift' },
    { file: 'coinpaprika/tickers_historical_bsv_1h_limit100.json', tickers: 'btc_usd', outcome: 'drift' },
  ],
});
