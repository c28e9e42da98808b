import { describeRecordedAnswers } from '../testing/recorded-answers.contract.js';
import { krakenSource } from './kraken.source.js';

/** A pair by its key, its altname and its name on the web socket. */
function namesOf(key: string, { altname, wsname }: Readonly<Record<string, unknown>>): string[] {
  return [key, altname, wsname].filter((name) => typeof name === 'string');
}
const UNLISTED = ['GONEUSD', 'XBTGONE'];

describeRecordedAnswers({
  upstream: process.env['TIDEMARK_UPSTREAM'],
  tell: console.log,
  source: krakenSource,
  tickers: 'btc_usd',
  lists: [
    { file: 'kraken/assetpairs_2017-10-03.json', pairs: 58, namesOf, unlisted: UNLISTED },
    { file: 'kraken/assetpairs_2021-04-17.json', pairs: 304, namesOf, unlisted: UNLISTED },
    { file: 'kraken/assetpairs_XChange.json', pairs: 86, namesOf, unlisted: UNLISTED },
  ],
  answers: [
    { file: 'kraken/ticker_XBTUSD_2026-09-19.json', tickers: 'btc_usd', outcome: ['btc_usd=81412.20000'] },
    {
      file: 'kraken/ticker_XBTUSD_2026-09-19.json',
      tickers: 'btc_usd btc_eur btc_usdt eth_usd',
      outcome: ['btc_usd=81412.20000'],
    },
    { file: 'kraken/ticker_XBTUSD_2026-09-19.json', tickers: 'btc_eur', outcome: [] },
    { file: 'kraken/ticker_XBTUSD_2026-09-19.json', status: 503, tickers: 'btc_usd', outcome: 'unavailable' },
    { file: 'kraken/ticker_BCHEUR_2017-10-03.json', tickers: 'bch_eur bch_usd', outcome: ['bch_eur=355.400000'] },
    {
      file: 'kraken/ticker_all_assetVersion1_2026-06-24.json',
      tickers: 'btc_usd btc_eur doge_usd eth_btc usdt_usd usdc_usd lunc_usd eur_usd',
      outcome: [
        'btc_usd=60520.00000',
        'btc_eur=53334.60000',
        'doge_usd=0.074826500',
        'eth_btc=0.026865',
        'usdt_usd=0.99848000',
        'usdc_usd=0.99960000',
        'lunc_usd=0.000060380000',
        'eur_usd=1.13508',
      ],
    },
    { file: 'kraken/error_200_unknown_asset_pair.json', tickers: 'btc_usd', outcome: 'not_found' },
    // Of other endpoints.
    { file: 'kraken/assetpairs_2017-10-03.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'kraken/assetpairs_2021-04-17.json', tickers: 'btc_usd eth_usd', outcome: 'drift' },
    { file: 'kraken/assetpairs_XChange.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'kraken/assets_2017-10-03.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'kraken/ohlc_XBTUSDT_1m_nautilus.json', tickers: 'btc_usdt', outcome: 'drift' },
    { file: 'kraken/ohlc_XBTUSDT_1m_nautilus.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'kraken/ohlc_XChange.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'kraken/servertime_XChange.json', tickers: 'btc_usd', outcome: 'drift' },
    { file: 'kraken/trades_BCHEUR_2019-05-15.json', tickers: 'bch_eur', outcome: 'drift' },
  ],
});
