import { createHash } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import { roundedText } from './price-text.js';
import { COINGECKO_COINS, COINGECKO_CURRENCIES } from './source-names.js';
import type { SourceAnswer } from './source-answer.js';

/** The query of `/simple/price`, every value as it came. */
export interface SimplePriceQuery {
  readonly ids: string | undefined;
  readonly vs_currencies: string | undefined;
  readonly precision: string | undefined;
  readonly include_market_cap: string | undefined;
  readonly include_24hr_vol: string | undefined;
  readonly include_24hr_change: string | undefined;
  readonly include_last_updated_at: string | undefined;
}

/** Gives the price with all its digits; the coin and the currency are known ones. */
export type FullPrice = (id: string, currency: string, second: number) => string;

/** Headers that CoinGecko's answers were taped with. */
const HEADERS = {
  server: 'cloudflare',
  'content-type': 'application/json; charset=utf-8',
  'access-control-allow-origin': '*',
  vary: 'Accept-Encoding, Origin',
};

/** Taped 2022-09-29 with status 429 and `retry-after: 119`. */
const RATE_LIMIT_MESSAGE =
  "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing to subscribe to our API plans for " +
  'higher rate limits.';

/** Of every simulated coin; only gives market cap and volume a magnitude. */
const COINS_IN_CIRCULATION = 19_900_000;
const COINS_TRADED_PER_DAY = 412_000;
const DAY_SECONDS = 86_400;

/**
 * `/simple/price` with its quirks, all taped: coins that it does not know vanish (one written after a space is such), a
 * currency that it does not know leaves `{}`, keys are sorted, and without `precision` big prices are whole numbers.
 */
export function simplePriceAnswer(query: SimplePriceQuery, second: number, fullPrice: FullPrice): SourceAnswer {
  if (query.ids === undefined || query.ids === '') return missingParameter('ids');
  if (query.vs_currencies === undefined || query.vs_currencies === '') return missingParameter('vs_currencies');
  const currencies = askedCurrencies(query.vs_currencies);
  const prices: Record<string, string> = {};
  const coins = [...new Set(query.ids.split(','))].filter((id) => COINGECKO_COINS.has(id)).sort();
  const body = coins.map((id) => {
    const members = currencies.flatMap((currency) => {
      const full = fullPrice(id, currency, second);
      const text = roundedText(full, currency, query.precision);
      prices[currencies.length === 1 ? id : `${id}/${currency}`] = text;
      const yesterday = (): number => Number(fullPrice(id, currency, second - DAY_SECONDS));
      return [`"${currency}":${text}`, ...extraMembers(query, currency, Number(full), yesterday)];
    });
    if (query.include_last_updated_at === 'true') members.push(`"last_updated_at":${second}`);
    return `"${id}":{${members.join(',')}}`;
  });
  return { ...cachedAnswer(`{${body.join(',')}}`), ...(Object.keys(prices).length > 0 && { prices }) };
}

/** The currencies of a call that CoinGecko knows, each once, in the order asked for. */
export function askedCurrencies(vsCurrencies: string): readonly string[] {
  return [...new Set(vsCurrencies.split(','))].filter((currency) => COINGECKO_CURRENCIES.has(currency));
}

/** A 404 of the API; not taped. */
export function notFoundAnswer(): SourceAnswer {
  return uncachedAnswer(404, { error: 'Not Found' });
}

/** What CoinGecko answers under a status that a fault asks for: it has a shape of its own for many of them. */
export function coingeckoFaultAnswer(status: number): SourceAnswer {
  if (status >= 500) {
    return status === 500
      ? uncachedAnswer(status, { status, error: 'Internal Server Error' })
      : { status, headers: { ...HEADERS, 'content-type': 'text/html; charset=UTF-8' }, body: cloudflarePage(status) };
  }
  if (status === 403) {
    return { status, headers: { ...HEADERS, 'content-type': 'text/plain; charset=UTF-8' }, body: 'error code: 1020' };
  }
  if (status === 401) return uncachedAnswer(status, errorStatus(10002, 'API Key Missing'));
  if (status === 422) return missingParameter('ids');
  if (status === 404) return uncachedAnswer(status, { error: 'coin not found' });
  if (status === 429 || status < 400) return uncachedAnswer(status, errorStatus(429, RATE_LIMIT_MESSAGE));
  return uncachedAnswer(status, { error: STATUS_CODES[status] ?? 'Error' });
}

function extraMembers(query: SimplePriceQuery, currency: string, price: number, yesterday: () => number): string[] {
  const members: string[] = [];
  if (query.include_market_cap === 'true') members.push(`"${currency}_market_cap":${price * COINS_IN_CIRCULATION}`);
  if (query.include_24hr_vol === 'true') members.push(`"${currency}_24h_vol":${price * COINS_TRADED_PER_DAY}`);
  if (query.include_24hr_change === 'true') members.push(`"${currency}_24h_change":${(price / yesterday() - 1) * 100}`);
  return members;
}

/** 422 with `{"error":"Missing parameter ids"}` was taped; the text for the currency follows its pattern. */
function missingParameter(parameter: string): SourceAnswer {
  return uncachedAnswer(422, { error: `Missing parameter ${parameter}` });
}

function errorStatus(code: number, message: string): object {
  return { status: { error_code: code, error_message: message } };
}

function cachedAnswer(body: string): SourceAnswer {
  const etag = `W/"${createHash('md5').update(body).digest('hex')}"`;
  const cache = {
    'cache-control': 'max-age=30, public, must-revalidate, s-maxage=60',
    'cf-cache-status': 'MISS',
    etag,
  };
  return { status: 200, headers: { ...HEADERS, ...cache }, body };
}

function uncachedAnswer(status: number, body: object): SourceAnswer {
  const headers = { ...HEADERS, 'cache-control': 'no-cache', 'cf-cache-status': 'MISS' };
  return { status, headers, body: JSON.stringify(body) };
}

function cloudflarePage(status: number): string {
  const title = `${status}: ${STATUS_CODES[status] ?? 'Error'}`;
  return (
    `<!DOCTYPE html>\n<html lang="en-US">\n<head><title>api.coingecko.com | ${title}</title></head>\n` +
    `<body><h1>Error ${title}</h1><p>Cloudflare</p></body>\n</html>\n`
  );
}
