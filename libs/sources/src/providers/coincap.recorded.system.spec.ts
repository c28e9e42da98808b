import { coincapSource } from './coincap.source.js';
import { describeRecordedAnswers } from '../testing/recorded-answers.contract.js';

const GONE = 'coincap/error_v2_deprecated_2025-04-16.json';
const TEN = 'coincap/v2_assets_limit10_2021-10-27.json';
const V3 = 'coincap/v3_assets_bitcoin_2025-08-11.json';

describeRecordedAnswers({
  upstream: process.env['TIDEMARK_UPSTREAM'],
  tell: console.log,
  source: coincapSource,
  tickers: 'btc_usd eth_usd',
  answers: [
    { file: V3, tickers: 'btc_usd', outcome: ['btc_usd=119753.3173109070855685@1754937925.536'] },
    { file: V3, tickers: 'eth_usd ltc_usd', outcome: [] },
    { file: V3, tickers: 'btc_usd', endpoint: 'assets', outcome: 'drift' },
    { file: V3, status: 503, tickers: 'btc_usd', outcome: 'unavailable' },
    // v2 is closed, but what it answered has the shape of v3.
    {
      file: 'coincap/v2_assets_bitcoin_2019-11-20_no_explorer.json',
      tickers: 'btc_usd',
      outcome: ['btc_usd=8172.2628346190447316@1574224303.089'],
    },
    {
      file: 'coincap/v2_assets_bitcoin_2022-04-02.json',
      tickers: 'btc_usd',
      outcome: ['btc_usd=46932.8518140582079676@1648861288.294'],
    },
    {
      file: 'coincap/v2_assets_litecoin_2022-04-02.json',
      tickers: 'btc_usd ltc_usd',
      outcome: ['ltc_usd=126.9131072047881959@1648861303.175'],
    },
    {
      file: TEN,
      tickers: 'bnb_usd btc_usd xmr_usd eth_usd ada_usd usdt_usd sol_usd xrp_usd dot_usd doge_usd usdc_usd',
      outcome: [
        'bnb_usd=477.6148568179112637@1635293152.93',
        'btc_usd=60310.6888208343493939@1635293152.93',
        'eth_usd=4129.8665728728088499@1635293152.93',
        'ada_usd=2.1387987031263619@1635293152.93',
        'usdt_usd=1.0002326663373614@1635293152.93',
        'sol_usd=199.2202222677235247@1635293152.93',
        'xrp_usd=1.1048796357327844@1635293152.93',
        'dot_usd=44.9384831834136254@1635293152.93',
        'doge_usd=0.2553619284956446@1635293152.93',
        'usdc_usd=0.9999992637219853@1635293152.93',
      ],
    },
    { file: TEN, tickers: 'xmr_usd', outcome: [] },
    { file: TEN, tickers: 'btc_usd', endpoint: 'asset', outcome: 'drift' },
    { file: GONE, tickers: 'btc_usd', outcome: 'not_found' },
    { file: GONE, tickers: 'btc_usd eth_usd', endpoint: 'assets', outcome: 'not_found' },
    { file: GONE, status: 410, tickers: 'btc_usd', outcome: 'not_found' },
    { file: GONE, status: 429, tickers: 'btc_usd', outcome: 'rate_limited' },
  ],
  ofOthers: { '400_google_api_key_not_valid.json': 'unauthorized' },
});
