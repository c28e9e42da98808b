import { syntheticAssets, syntheticNumber } from '../market/assets.js';
import { significantDecimals } from '../market/price-style.js';
import { floatText } from '../market/price-text.js';
import type { PriceWriter } from './price-writer.js';
import type { SimulatedSource, SourceRequest } from './simulated-source.js';
import { nginxAnswer, type SourceAnswer } from './source-answer.js';

/**
 * The index names that Deribit's own API description lists (OpenAPI 2.1.1, `public/get_index_price`); in USD only two. A
 * made-up asset has one in USDC, as every other coin there.
 */
export const DERIBIT_INDEX_NAMES: readonly string[] = (
  'ada_usdc algo_usdc avax_usdc bch_usdc bnb_usdc btc_eurr btc_usd btc_usdc btc_usde btc_usdt btc_usyc btcdvol_usdc ' +
  'buidl_usdc doge_usdc dot_usdc drbfix-btc_usdc drbfix-eth_usdc eth_btc eth_eurr eth_usd eth_usdc eth_usde eth_usdt ' +
  'eth_usyc ethdvol_usdc eurr_usdc eurr_usdt link_usdc ltc_usdc near_usdc paxg_btc paxg_usdc shib_usdc sol_usdc ' +
  'sol_usdt steth_eth steth_usdc steth_usdt ton_usdc trump_usdc trx_usdc uni_usdc usdc_usdt usde_usdc usde_usdt ' +
  'usyc_usdc xrp_usdc'
).split(' ');

const DERIBIT_INDEXES: ReadonlySet<string> = new Set(DERIBIT_INDEX_NAMES);

/** Headers that Deribit's answers were taped with; there is no charset in the type. */
const HEADERS = {
  server: 'nginx',
  'content-type': 'application/json',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'Authorization,User-Agent,Range,X-Requested-With,Content-Type,Partner',
  'strict-transport-security': 'max-age=15768000',
  'x-frame-options': 'SAMEORIGIN',
};

/** The simulated Deribit: one index per call, no time for its price, errors as JSON-RPC has them. */
export const deribit: SimulatedSource = {
  name: 'deribit',
  prefix: '/deribit/api/v2',
  style: { decimals: (magnitude) => significantDecimals(magnitude, 2), text: floatText },
  routes: [
    {
      path: '/public/get_index_price',
      asked: (request) => ({ names: [request.query('index_name') ?? []].flat() }),
      answer: indexPrice,
    },
    { path: '/public/get_index_price_names', answer: indexNames },
  ],
  formsOf: (name) => (isIndex(name) ? [{ ticker: name }] : []),
  failing,
  /** -32601 is JSON-RPC's own code for a method that is not there. */
  unknown: (request, writer) =>
    errorAnswer(400, { code: -32601, message: 'Method not found', data: null }, request, writer),
};

function isIndex(name: string): boolean {
  const synthetic = /^(sim\d{4,5})_usdc$/.exec(name)?.[1];
  return DERIBIT_INDEXES.has(name) || (synthetic !== undefined && syntheticNumber(synthetic) !== undefined);
}

/** The price has no time of its own, and stands there twice. */
function indexPrice(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const name = request.query('index_name');
  if (name === undefined || !isIndex(name) || !writer.has(name) || !writer.lists(name))
    return invalidParameter('index_name', request, writer);
  const text = writer.text(name, name);
  const result = `{"estimated_delivery_price":${text},${writer.member('index_price', name, text, 'number')}}`;
  return resultAnswer(result, request, writer);
}

/** Names, or with `extended` objects. */
function indexNames(request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const synthetic = syntheticAssets(writer.syntheticCount).map((asset) => `${asset}_usdc`);
  const names = [...DERIBIT_INDEX_NAMES, ...synthetic].filter((name) => writer.lists(name));
  if (request.query('extended') !== 'true') return resultAnswer(JSON.stringify(names), request, writer);
  const extended = names.map((name) => ({
    name,
    future_combo_creation_enabled: name === 'btc_usd' || name === 'eth_usd',
    option_combo_creation_enabled: name === 'btc_usd' || name === 'eth_usd',
  }));
  return resultAnswer(JSON.stringify(extended), request, writer);
}

function resultAnswer(result: string, request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const body = `{"jsonrpc":"2.0",${echoed(request)}"result":${result},${timesOf(writer)},"testnet":false}`;
  return { status: 200, headers: HEADERS, body };
}

/** An error object. */
interface DeribitError {
  readonly code: number;
  readonly message: string;
  readonly data: Readonly<Record<string, string>> | null;
}

/**
 * An error as Deribit writes it. -32602 "Invalid params" with `{reason,param}` came with 400 and with its members in this
 * order (taped in gocryptotrader issue 2099, 2025-10-31); 10028 has `data` null.
 */
function errorAnswer(status: number, error: DeribitError, request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const text = JSON.stringify({ code: error.code, data: error.data, message: error.message });
  const body = `{"jsonrpc":"2.0",${echoed(request)}"error":${text},"testnet":false,${timesOf(writer)}}`;
  return { status, headers: HEADERS, body };
}

function invalidParameter(parameter: string, request: SourceRequest, writer: PriceWriter): SourceAnswer {
  const data = { reason: 'wrong format', param: parameter };
  return errorAnswer(400, { code: -32602, message: 'Invalid params', data }, request, writer);
}

/** 5xx come from the nginx before it. */
function failing(status: number, request: SourceRequest, writer: PriceWriter): SourceAnswer {
  if (status >= 500) return nginxAnswer(status);
  if (status === 401 || status === 403) {
    return errorAnswer(status, { code: 13009, message: 'invalid_token', data: null }, request, writer);
  }
  if (status === 400) return invalidParameter('index_name', request, writer);
  if (status === 404) {
    return errorAnswer(status, { code: -32601, message: 'Method not found', data: null }, request, writer);
  }
  return errorAnswer(status, { code: 10028, message: 'too_many_requests', data: null }, request, writer);
}

function echoed(request: SourceRequest): string {
  const id = request.query('id');
  if (id === undefined) return '';
  return `"id":${/^(0|[1-9]\d{0,14})$/.test(id) ? id : JSON.stringify(id)},`;
}

/** The server's own clock in microseconds since 1970, which also goes on while prices are frozen. */
function timesOf(writer: PriceWriter): string {
  const usIn = Math.floor(writer.nowMs * 1000);
  const usDiff = writer.elapsedMicroseconds;
  return `"usIn":${usIn},"usOut":${usIn + usDiff},"usDiff":${usDiff}`;
}
