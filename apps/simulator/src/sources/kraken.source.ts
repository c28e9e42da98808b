import { fixedText, significantDecimals } from '../market/price-style.js';
import { pairNames } from './pair-names.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest } from './simulated-source.js';
import { cloudflareAnswer, jsonAnswer, type SourceAnswer } from './source-answer.js';

const FEWEST_DECIMALS = 5;
const MOST_DECIMALS = 12;

/** What Kraken calls some assets; in the names of old pairs they carry an X, and money a Z. */
const OWN_NAMES: Readonly<Record<string, string>> = { btc: 'XBT', doge: 'XDG' };
const OLD_ASSETS: ReadonlySet<string> = new Set(['btc', 'etc', 'eth', 'ltc', 'xlm', 'xmr', 'xrp']);
const MONEY: ReadonlySet<string> = new Set(['usd', 'eur']);

const pairs = pairNames(
  {
    usd:
      'btc eth usdt xrp bnb usdc sol trx doge ada bch link xlm sui avax ltc hbar shib ton dot uni xmr aave near paxg etc apt ' +
      'icp arb atom algo fil op trump',
    usdt: 'btc eth sol xrp doge',
    usdc: 'btc eth sol xrp',
    btc: 'eth ltc xmr',
  },
  altnameOf,
  'usd',
);

const HEADERS = {
  server: 'cloudflare',
  'content-type': 'application/json',
  'cache-control': 'public, max-age=2',
  vary: 'Accept-Encoding',
  'x-content-type-options': 'nosniff',
};

/** The simulated Kraken: answers under another key than asked, errors inside 200, and one unknown pair fails the call. */
export const kraken: SimulatedSource = {
  name: 'kraken',
  prefix: '/kraken',
  style: {
    decimals: (magnitude) => significantDecimals(magnitude, 2, MOST_DECIMALS),
    text: (units, decimals) => fixedText(units, decimals, Math.max(FEWEST_DECIMALS, decimals)),
  },
  routes: [
    {
      path: '/0/public/Ticker',
      asked: (request) => {
        const pair = request.query('pair');
        return pair === undefined ? { names: [], all: true } : { names: pair.split(',') };
      },
      answer: ticker,
    },
    { path: '/0/public/AssetPairs', answer: assetPairs },
    {
      path: '/0/public/Time',
      answer: (_request, writer) => {
        const time = { unixtime: Math.floor(writer.nowMs / 1000), rfc1123: new Date(writer.nowMs).toUTCString() };
        return jsonAnswer(200, HEADERS, { error: [], result: time });
      },
    },
  ],
  formsOf: (name) => {
    const pair = pairs.pairOf(altnames.get(name) ?? name);
    return pair === undefined ? [] : [{ ticker: pair.ticker }];
  },
  failing,
  unknown: () => errorAnswer(404, 'EGeneral:Unknown method'),
};

function altnameOf(base: string, quote: string): string {
  return ownNameOf(base) + ownNameOf(quote);
}

function ownNameOf(asset: string): string {
  return OWN_NAMES[asset] ?? asset.toUpperCase();
}

/** The key that a pair is answered under: XXBTZUSD for XBTUSD, USDTZUSD for USDTUSD, but SOLUSD and XBTUSDT for themselves. */
function keyOf(altname: string): string {
  const { base = '', quote = '' } = pairs.pairOf(altname) ?? {};
  const oldQuote = MONEY.has(quote) || quote === 'btc';
  if (base === 'usdt' && quote === 'usd') return 'USDTZUSD';
  if (!OLD_ASSETS.has(base) || !oldQuote) return altname;
  return `X${ownNameOf(base)}${quote === 'btc' ? 'X' : 'Z'}${ownNameOf(quote)}`;
}

/** `BTC/USD`: the name with a slash, and with `assetVersion=1` the key. */
function plainNameOf(altname: string, own: boolean): string {
  const { base = '', quote = '' } = pairs.pairOf(altname) ?? {};
  const name = own ? ownNameOf : (asset: string): string => asset.toUpperCase();
  return `${name(base)}/${name(quote)}`;
}

/** Every other name that a pair may be asked for by. */
const altnames: ReadonlyMap<string, string> = new Map(
  pairs.listed(0).flatMap((altname) => {
    const names = [keyOf(altname), plainNameOf(altname, true), plainNameOf(altname, false)];
    return names.map((name) => [name, altname] as const);
  }),
);

function ticker(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const asked =
    request.query('pair')?.split(',') ?? pairs.listed(writer.syntheticCount).filter((name) => writer.lists(name));
  const known = asked.every((name) => isListed(altnames.get(name) ?? name, writer));
  if (!known) return errorAnswer(200, 'EQuery:Unknown asset pair');
  const newKeys = request.query('assetVersion') === '1';
  const rows = writer.kept([...new Set(asked)]).map((name) => {
    const altname = altnames.get(name) ?? name;
    return `"${newKeys ? plainNameOf(altname, false) : keyOf(altname)}":${row(name, altname, writer)}`;
  });
  return jsonAnswer(200, HEADERS, `{"error":[],"result":{${rows.join(',')}}}`);
}

function isListed(altname: string, writer: PriceWriter): boolean {
  const pair = pairs.pairOf(altname);
  return pair !== undefined && writer.has(pair.ticker) && writer.lists(altname);
}

function row(name: string, altname: string, writer: PriceWriter): string {
  const text = writer.text(name, pairs.pairOf(altname)?.ticker ?? '');
  const decimals = text.split('.')[1]?.length ?? FEWEST_DECIMALS;
  const at = (factor: number): string => (Number(text) * factor).toFixed(decimals);
  return (
    `{"a":["${at(1.00001)}","1","1.000"],"b":["${at(0.99999)}","2","2.000"],` +
    `"${writer.field('c', name)}":[${writer.value(name, text, 'string')},"0.00046062"],` +
    `"v":["1370.47713512","2208.74493042"],"p":["${at(0.9985)}","${at(0.998)}"],"t":[66399,93218],` +
    `"l":["${at(0.992)}","${at(0.992)}"],"h":["${at(1.006)}","${at(1.006)}"],"o":"${at(0.9934)}"}`
  );
}

function assetPairs(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const asked = request.query('pair')?.split(',');
  const names =
    asked?.map((name) => altnames.get(name) ?? name) ??
    pairs.listed(writer.syntheticCount).filter((name) => writer.lists(name));
  if (!names.every((name) => isListed(name, writer))) return errorAnswer(200, 'EQuery:Unknown asset pair');
  const rows = names.map((altname) => {
    const { base = '', quote = '' } = pairs.pairOf(altname) ?? {};
    const pair = {
      altname,
      wsname: plainNameOf(altname, true),
      aclass_base: 'currency',
      base: OLD_ASSETS.has(base) ? `X${ownNameOf(base)}` : base === 'doge' ? 'XXDG' : ownNameOf(base),
      aclass_quote: 'currency',
      quote: MONEY.has(quote) ? `Z${ownNameOf(quote)}` : quote === 'btc' ? 'XXBT' : ownNameOf(quote),
      lot: 'unit',
      pair_decimals: FEWEST_DECIMALS,
      lot_decimals: 8,
      lot_multiplier: 1,
      ordermin: '0.1',
      status: 'online',
    };
    return `"${keyOf(altname)}":${JSON.stringify(pair)}`;
  });
  return jsonAnswer(
    200,
    { ...HEADERS, 'cache-control': 'public, max-age=26' },
    `{"error":[],"result":{${rows.join(',')}}}`,
  );
}

/** Statuses other than 200 come from before the exchange; its own errors come inside 200. */
function failing(status: number): SourceAnswer {
  if (status === 200 || status === 429) return errorAnswer(status, 'EGeneral:Too many requests');
  if (status < 500 && status !== 403) return errorAnswer(status, 'EGeneral:Invalid arguments');
  return cloudflareAnswer('api.kraken.com', status);
}

function errorAnswer(status: number, error: string): SourceAnswer {
  return jsonAnswer(status, HEADERS, { error: [error] });
}
