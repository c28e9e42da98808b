import type { SourceErrorKind, TickerParts } from '@app/domain';
import { z } from 'zod';
import {
  type AnswerReader,
  type RequestedTicker,
  type Source,
  type SourceEndpoint,
  SourceError,
  type SourceReading,
  WireNumber,
  onlyFirst,
  oneLine,
  ownMember,
  wireNumber,
  wireObject,
  wireText,
  saysRateLimit,
} from '../contract/index.js';

const NAME = 'deribit';

/**
 * The index names of Deribit's OpenAPI 2.1.1 (docs.deribit.com/specifications/deribit_openapi.json), without
 * btcdvol_usdc and ethdvol_usdc, which are volatilities and no prices. In USD there are only the first two.
 */
const INDEX_NAMES: ReadonlySet<string> = new Set(
  `btc_usd eth_usd
  ada_usdc algo_usdc avax_usdc bch_usdc bnb_usdc btc_usdc buidl_usdc doge_usdc dot_usdc eurr_usdc eth_usdc link_usdc
  ltc_usdc near_usdc paxg_usdc shib_usdc sol_usdc steth_usdc ton_usdc trump_usdc trx_usdc uni_usdc usde_usdc usyc_usdc
  xrp_usdc drbfix-btc_usdc drbfix-eth_usdc
  btc_usdt eth_usdt eurr_usdt sol_usdt steth_usdt usdc_usdt usde_usdt
  btc_eurr btc_usde btc_usyc eth_btc eth_eurr eth_usde eth_usyc steth_eth paxg_btc`.split(/\s+/),
);

const VOLATILITIES: ReadonlySet<string> = new Set(['btcdvol_usdc', 'ethdvol_usdc']);

const NAMES = z.object({ result: z.array(z.string()) });

/**
 * What is read of an answer. `usIn`, `usOut` and `testnet` are left out of the documentation's examples and so are
 * optional; usOut is the clock of Deribit's server and no time of the price, so it is not read.
 */
const ANSWER = z.object({
  result: z.object({
    index_price: wireNumber,
    index_name: wireText.nullish(),
    instrument_name: z.unknown().optional(),
  }),
  testnet: z.boolean().optional(),
});

const indexPrice: SourceEndpoint = {
  name: 'get_index_price',
  maxBatch: 1,
  request: (tickers) => ({
    path: '/public/get_index_price',
    query: { index_name: tickers.map((ticker) => ticker.sourceSymbol).join(',') },
  }),
  recognises: () => true,
  parse,
};

/** Deribit's index price: one index per call, no key, no time of the price. */
export const deribitSource: Source = {
  id: 1,
  name: NAME,
  title: 'Deribit',
  plans: [
    {
      name: 'free',
      baseUrl: 'https://www.deribit.com/api/v2',
      limit: {
        calls: 20,
        perSeconds: 1,
        origin:
          'docs.deribit.com/articles/rate-limits: 500 credits a call, 10,000 refilled a second; bursts of 100 are allowed',
      },
    },
  ],
  endpoints: [indexPrice],
  defaultSymbol: ({ ticker, base, quote }: TickerParts) =>
    [ticker, ...(quote === 'usd' ? [`${base}_usdc`, `${base}_usdt`] : [])].find((name) => INDEX_NAMES.has(name)),
  quoteOf: (name) => name.split('_').at(-1),
  explain: (json) => readError(json),
  names: {
    request: { path: '/public/get_index_price_names', query: {} },
    parse: (reader) =>
      reader
        .shape(NAMES)
        .result.filter((name) => !VOLATILITIES.has(name))
        .map((name) => ({ name, symbol: name.split('_')[0] ?? name, quote: name.split('_').at(-1) })),
  },
};

function parse(reader: AnswerReader, tickers: readonly RequestedTicker[]): readonly SourceReading[] {
  return reader.each(onlyFirst(tickers), ({ ticker, sourceSymbol }) => {
    const answer = reader.shape(ANSWER);
    // The test network has prices of its own in the same shape. They must never be stored as real ones.
    if (answer.testnet === true) throw new SourceError('drift', NAME, 'field testnet: prices of the test network');
    const { index_price, index_name, instrument_name } = answer.result;
    // The tickers and books of instruments hold the index too, of whichever coin they are.
    if (instrument_name !== undefined)
      throw new SourceError('drift', NAME, 'field result.instrument_name: no index price');
    if (typeof index_name === 'string' && index_name !== sourceSymbol) {
      const found = `expected ${oneLine(sourceSymbol)}, found ${oneLine(index_name)}`;
      throw new SourceError('drift', NAME, `field result.index_name: ${found}`);
    }
    return { ticker, price: index_price.text, sourceTime: undefined };
  });
}

/** Reads the JSON-RPC error object, which comes with status 400 and may come with 200; undefined when there is none. */
function readError(json: unknown): SourceError | undefined {
  const answer = wireObject.safeParse(json);
  const error = answer.success ? ownMember(answer.data, 'error') : undefined;
  if (error === undefined || error === null) return undefined;
  const members = wireObject.safeParse(error);
  const code = members.success ? ownMember(members.data, 'code') : undefined;
  const message = members.success ? ownMember(members.data, 'message') : undefined;
  const codeText = code instanceof WireNumber ? oneLine(code.text) : 'without a code';
  const messageText = typeof message === 'string' ? oneLine(message) : '';
  return new SourceError(kindOf(codeText, messageText), NAME, `error ${codeText} ${messageText}`.trimEnd());
}

/**
 * The message is what counts: the published lists of codes disagree on all but 10028 and -32602
 * (docs.deribit.com/articles/errors against the older list that client libraries follow).
 */
function kindOf(code: string, message: string): SourceErrorKind {
  if (code === '10028') return 'rate_limited';
  // "Invalid params": the one parameter that is sent is the name of the index.
  if (code === '-32602' || /not_found/.test(message)) return 'not_found';
  if (/too_many/.test(message) || saysRateLimit(message)) return 'rate_limited';
  if (/unauthorized|authorization|invalid_token|credentials|forbidden/.test(message)) return 'unauthorized';
  if (/timed_out/.test(message)) return 'timeout';
  if (/retry|in_progress|maintenance|unavailable|queue_full|internal/i.test(message)) return 'unavailable';
  return 'drift';
}
