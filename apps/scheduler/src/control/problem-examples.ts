import type { ProblemExample } from '@app/openapi';
import { invalidParameters, plainProblem, type ProblemError } from '@app/process/server';
import { conflict, databaseAway, forbidden, unknownTicker, unsupportedBody } from './problem.js';

// A test asks for each of them, with a catalogue in which btc_usd is sampled and eth_usd is disabled: what stands here is what is answered.

/** What every route answers. @param path one that the route serves. */
export const anyRoute = (path: string) => [
  example('No login', path, plainProblem(401, 'Missing or bad formatted authorization header')),
  example('The database is away', path, databaseAway()),
];

/** What every route that changes something answers besides. */
export const changingRoute = (path: string) => [
  ...anyRoute(path),
  example(
    'A page of another site',
    path,
    forbidden('A page of another site (Sec-Fetch-Site: cross-site) may change nothing here.'),
  ),
];

/** What every route that takes a body answers besides. @param body one that is right. */
export const routeWithBody = (path: string, body: unknown) => [
  ...changingRoute(path),
  example('A body that is no JSON', path, unsupportedBody(), body),
];

/** A ticker that was never catalogued. */
export const notCatalogued = (body?: unknown) =>
  example('An unknown ticker', '/tickers/BTC-USDT', unknownTicker('btc_usdt', ['btc_usd', 'eth_usd']), body);

/** A body that names a ticker that was never catalogued. */
export const fetchOfUnknown = example(
  'An unknown ticker',
  '/fetch',
  unknownTicker('btc_usdt', ['btc_usd', 'eth_usd']),
  {
    tickers: ['BTC/USDT'],
  },
);

/** A list that is empty. */
export const fetchOfNothing = example(
  'An empty list',
  '/fetch',
  invalidParameters([{ parameter: 'tickers', detail: 'must name at least one ticker; leave it out for all' }]),
  { tickers: [] },
);

/** A ticker that is disabled. */
export const fetchOfDisabled = example(
  'A disabled ticker',
  '/fetch',
  conflict('eth_usd is disabled: enable it with PATCH /tickers/eth_usd and {"enabled":true}'),
  { tickers: ['eth_usd'] },
);

/** A body with two faults. */
export const wrongTicker = example(
  'Two wrong fields',
  '/tickers',
  invalidParameters([
    { parameter: 'ticker', detail: 'is no ticker: write base and quote as in btc_usd, BTC/USD or BTC-USD' },
    { parameter: 'interval_seconds', detail: 'must be at least 1 second' },
  ]),
  { ticker: 'bitcoin', interval_seconds: 0 },
);

/** Tickers of no asset. */
export const wrongTop = example(
  'A wrong number',
  '/tickers/top',
  invalidParameters([{ parameter: 'top', detail: 'must be a whole number, 1 to 500' }]),
  { top: 0 },
);

/** Tickers of assets that nobody knows. */
export const noListRead = example(
  'No list of assets was read',
  '/tickers/top',
  conflict('no list of assets was read yet: tidemark etl run --source coinpaprika reads one'),
  { top: 100 },
);

/** A ticker that is sampled. */
export const alreadySampled = example(
  'A ticker that is sampled',
  '/tickers',
  conflict('btc_usd is sampled already: change it with PATCH /tickers/btc_usd'),
  { ticker: 'btc_usd' },
);

/** A change to what cannot be. */
export const wrongChange = example(
  'A wrong field',
  '/tickers/btc_usd',
  invalidParameters([{ parameter: 'interval_seconds', detail: 'must be at least 1 second' }]),
  { interval_seconds: 0 },
);

/** A change of a ticker that is disabled. */
export const changeOfDisabled = example(
  'A disabled ticker',
  '/tickers/eth_usd',
  conflict('eth_usd is disabled: enable it with POST /tickers, or by "enabled": true in the same change'),
  { interval_seconds: 10 },
);

function example(summary: string, path: string, { problem }: ProblemError, body?: unknown): ProblemExample {
  const { errors, ...said } = problem;
  return {
    summary,
    path,
    problem: { ...said, ...(errors === undefined ? {} : { errors: [...errors] }) },
    ...(body === undefined ? {} : { body }),
  };
}
