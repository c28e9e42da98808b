import { exponentOf } from '../market/price-style.js';
import { assetNames, LISTED_BY_SIZE, titleOf } from './asset-names.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest } from './simulated-source.js';
import { cloudflareAnswer, jsonAnswer, type SourceAnswer } from './source-answer.js';

/** Digits of the float behind the 18 decimals. */
const DIGITS = 9;
const DECIMALS = 18;
const DEFAULT_LIMIT = 100;
const MOST_ROWS = 2_000;

/** Ids that are not the name in lower case with `-` for spaces. */
const IDS: Readonly<Record<string, string>> = {
  bnb: 'binance-coin',
  hbar: 'hedera-hashgraph',
  leo: 'unus-sed-leo',
  steth: 'steth',
};

const names = assetNames(LISTED_BY_SIZE, (asset) => IDS[asset] ?? titleOf(asset).toLowerCase().replaceAll(' ', '-'));

/** Only give market cap and volume a magnitude. */
const COINS_IN_CIRCULATION = 19_904_934;
const COINS_TRADED_PER_DAY = 217_755;

const HEADERS = { server: 'cloudflare', 'content-type': 'application/json; charset=utf-8', vary: 'Accept-Encoding' };

/** What v2 answers since its end, with the status and the envelope of a success (seen 2025-04-16). */
const CLOSED_MESSAGE =
  'We are deprecating this version of the CoinCap API on March 31, 2025. Sign up for our new V3 API at ' +
  'https://pro.coincap.io/dashboard';

/**
 * The simulated CoinCap v3 as it was seen in 2026: every value a string, prices with 18 decimals that carry the noise of a
 * binary float, `timestamp` first and in milliseconds. It gives nothing without a key; a key that begins with `invalid` is one.
 */
export const coincap: SimulatedSource = {
  name: 'coincap',
  prefix: '/coincap/v3',
  style: {
    decimals: (magnitude) => DIGITS - 1 - exponentOf(magnitude),
    text: (units, decimals) => Number(`${units}e-${decimals}`).toFixed(DECIMALS),
  },
  routes: [
    {
      path: '/assets',
      asked: (request) => {
        const ids = request.query('ids');
        return ids === undefined ? { names: [], all: true } : { names: ids.split(',') };
      },
      answer: keyed(assets),
    },
    { path: '/assets/{}', asked: ({ parameter }) => ({ names: [parameter] }), answer: keyed(oneAsset) },
  ],
  formsOf: (name) => {
    const asset = names.assetOf(name);
    return asset === undefined ? [] : [{ ticker: `${asset}_usd` }];
  },
  failing,
  unknown: ({ path }, writer) =>
    path.startsWith('/coincap/v2')
      ? jsonAnswer(200, HEADERS, { data: { message: CLOSED_MESSAGE }, timestamp: writer.clockMs })
      : errorAnswer(404, 'Not Found', writer),
};

type Answer = (request: SourceRequest, writer: PriceWriter) => SourceAnswer;

/** The bodies of v3's errors are not known; these are of the shape that v2 had. */
function keyed(answer: Answer): Answer {
  return (request, writer) => {
    const authorization = request.header('authorization');
    const key = authorization === undefined ? request.query('apiKey') : /^Bearer (.+)$/.exec(authorization)?.[1];
    if (key === undefined || key === '') return errorAnswer(401, 'API key required', writer);
    return key.startsWith('invalid') ? errorAnswer(403, 'API key not recognized', writer) : answer(request, writer);
  };
}

function assets(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const limit = Number(request.query('limit') ?? DEFAULT_LIMIT);
  const offset = Number(request.query('offset') ?? 0);
  if (!Number.isInteger(limit) || limit < 1 || !Number.isInteger(offset) || offset < 0) {
    return errorAnswer(400, 'limit and offset must be whole numbers', writer);
  }
  const ids = request.query('ids')?.split(',');
  const all = ids === undefined ? names.listed(writer.syntheticCount) : ids.flatMap((id) => names.assetOf(id) ?? []);
  const known = [...new Set(all)].filter((asset) => writer.has(asset));
  // `ids` are all answered: the default of `limit` is for the list.
  const most = Math.min(MOST_ROWS, ids !== undefined && request.query('limit') === undefined ? MOST_ROWS : limit);
  const kept = writer.kept(known.slice(offset, offset + most).map(names.nameOf));
  const rows = kept.map((id) => row(id, writer));
  return dataAnswer(`[${rows.join(',')}]`, writer);
}

function oneAsset({ parameter }: SourceRequest, writer: PriceWriter): SourceAnswer {
  const asset = names.assetOf(parameter);
  if (asset === undefined || !writer.has(asset) || !writer.lists(parameter))
    return errorAnswer(404, `${parameter} not found`, writer);
  return dataAnswer(row(parameter, writer), writer);
}

function row(id: string, writer: PriceWriter): string {
  const asset = names.assetOf(id) ?? id;
  const text = writer.text(id, `${asset}_usd`);
  const price = Number(text);
  return (
    `{"id":"${id}","rank":"${names.rankOf(asset)}","symbol":"${asset.toUpperCase()}","name":"${titleOf(asset)}",` +
    `"supply":"${COINS_IN_CIRCULATION.toFixed(DECIMALS)}","maxSupply":null,` +
    `"marketCapUsd":"${(price * COINS_IN_CIRCULATION).toFixed(DECIMALS)}",` +
    `"volumeUsd24Hr":"${(price * COINS_TRADED_PER_DAY).toFixed(DECIMALS)}",` +
    `${writer.member('priceUsd', id, text, 'string')},"changePercent24Hr":"1.0278288570549161",` +
    `"vwap24Hr":"${(price * 1.0006).toFixed(DECIMALS)}","explorer":"https://explorer.example/${id}","tokens":{}}`
  );
}

function failing(status: number, _request: SourceRequest, writer: PriceWriter): SourceAnswer {
  if (status >= 500) return cloudflareAnswer('rest.coincap.io', status);
  const texts: Readonly<Record<number, string>> = {
    401: 'API key required',
    402: 'insufficient credits',
    403: 'API key not recognized',
    404: 'not found',
    429: 'rate limit exceeded',
  };
  return errorAnswer(status, texts[status] ?? 'rate limit exceeded', writer);
}

function errorAnswer(status: number, error: string, writer: PriceWriter): SourceAnswer {
  return jsonAnswer(status, HEADERS, { error, timestamp: writer.nowMs });
}

function dataAnswer(data: string, writer: PriceWriter): SourceAnswer {
  return jsonAnswer(200, HEADERS, `{"timestamp":${Math.floor(writer.clockMs)},"data":${data}}`);
}
