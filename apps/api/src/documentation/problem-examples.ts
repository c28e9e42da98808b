import type { ProblemExample } from '@app/openapi';
import { invalidParameters, type ProblemError } from '@app/process/server';
import { noPriceYet, unavailable, unknownPayload, unknownTicker } from '../http/problem.js';

// A test asks for each of them: what stands here is what is answered.

/** A time in milliseconds. @param parameter the name of the instant. */
export const wrongTime = (route: string, parameter: string) => {
  const detail = 'has 13 digits. Milliseconds? Divide by 1000: 1766000000';
  const path = `${route}?ticker=btc_usd&${parameter}=1766000000000`;
  return example('A time in milliseconds', path, invalidParameters([{ parameter, detail }]));
};

/** A ticker that is not known. */
export const notKnown = (route: string) => {
  const problem = unknownTicker({ parameter: 'ticker', detail: 'btc_usdt is not known: did you mean btc_usd?' });
  return example('An unknown ticker', `${route}?ticker=BTC/USDT`, problem);
};

/** No ticker at all. */
export const withoutTicker = (route: string) => {
  const detail = 'is missing: name a ticker, e.g. ticker=btc_usd';
  return example('No ticker', route, invalidParameters([{ parameter: 'ticker', detail }]));
};

/** A ticker without a price. */
export const withoutPrice = (route: string) =>
  example('No price yet', `${route}?ticker=usd-coin_eur`, noPriceYet('usd-coin_eur'));

/** A parameter that there is not. */
export const notAParameter = (route: string, parameter: string, detail: string) =>
  example('An unknown parameter', `${route}?${parameter}=btc_usd`, invalidParameters([{ parameter, detail }]));

/** A parameter that is neither true nor false. */
export const noFlag = (route: string, parameter: string) =>
  example(
    'Neither true nor false',
    `${route}?${parameter}=1`,
    invalidParameters([{ parameter, detail: 'must be true or false' }]),
  );

/** The text that is no hash. */
export const noHash = example(
  'No SHA-256',
  '/payloads/abc',
  invalidParameters([{ parameter: 'sha256', detail: 'must be 64 digits of 0-9 and a-f' }]),
);

const HASH = '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';

/** A body that is not kept. */
export const notKept = example('A body that is not kept', `/payloads/${HASH}`, unknownPayload(HASH));

/** The database is away. @param path with what the route needs. */
export const databaseAway = (path: string) =>
  example(
    'The database is away',
    path,
    unavailable(
      'Stored prices cannot be read now: the database cannot be reached: Error: connect ECONNREFUSED 127.0.0.1:5432.',
    ),
  );

/** The API is not ready, and never was since it began. */
export const notReady = (path: string) => {
  const database = 'the database cannot be reached: Error: connect ECONNREFUSED 127.0.0.1:5432';
  const clock = "this machine's clock has not been compared with the database's yet";
  return example('Not ready', path, unavailable(`Not ready: ${database}; ${clock}.`));
};

function example(summary: string, path: string, { problem }: ProblemError): ProblemExample {
  const { errors, ...said } = problem;
  return { summary, path, problem: { ...said, ...(errors === undefined ? {} : { errors: [...errors] }) } };
}
