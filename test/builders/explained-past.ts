import { createHash } from 'node:crypto';
import { deribitBody, FetchFixture } from '../support/fetch-fixture.js';
import { catalogueLived, firstLivedSlot, LIVED_INTERVAL, liveSlots } from '../support/lived-slots.js';
import { serveReadyApi, type ServedApi } from './served-api.js';
import { storeGap } from './stored-prices.js';

const DERIBIT = 1;
const COINGECKO = 2;
const BITSTAMP = 8;

/** Follows the body of a long answer. */
export const LONG = ' '.repeat(70_000);

/** Deribit's answer in a slot in which all is well. */
export const GOOD_BODY = deribitBody('87123.4500');

/** SHA-256 of a body in hexadecimal digits. */
export function sha256(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

/**
 * A past of four slots with everything that can be explained, and an API that serves it: `btc_usd` by priority, `sol_usd` that is
 * converted with `usdc_usd`, and `eth_usd` (with bitcoin's prices) by median of three sources, of which the last is far away.
 */
export interface ExplainedPast {
  readonly fixture: FetchFixture;
  readonly api: ServedApi;
  /** All is well; Deribit gives 0; everybody fails; Deribit's answer is long. */
  readonly slots: { readonly good: number; readonly bad: number; readonly failed: number; readonly long: number };
  /** A range that nobody planned. */
  readonly gap: { readonly from: number; readonly to: number };
  close(): Promise<void>;
}

/** Lives through the past. */
export async function openExplainedPast(): Promise<ExplainedPast> {
  const fixture = await FetchFixture.start();
  const good = firstLivedSlot(4);
  const [bad, failed, long, end] = [1, 2, 3, 4].map((index) => good + index * LIVED_INTERVAL) as [
    number,
    number,
    number,
    number,
  ];
  const slots = { good, bad, failed, long };
  const deribit = (sourceSymbol: string) => ({ sourceId: DERIBIT, sourceSymbol });
  const coingecko = (sourceSymbol: string) => ({ sourceId: COINGECKO, sourceSymbol, batch: 'coins' });
  await catalogueLived(fixture, good, [
    { ticker: 'btc_usd', sources: [deribit('btc_usd'), coingecko('bitcoin')] },
    { ticker: 'usdc_usd', sources: [coingecko('usd-coin')] },
    { ticker: 'sol_usd', sources: [{ ...deribit('sol_usdc'), quotedIn: 'usdc' }] },
    {
      ticker: 'eth_usd',
      rule: 'median',
      ruleOptions: { median: { minimum_sources: 2 } },
      sources: [
        { ...deribit('btc_usd'), batch: 'median' },
        { ...coingecko('bitcoin'), batch: 'median' },
        { sourceId: BITSTAMP, sourceSymbol: 'btcusd', batch: 'median' },
      ],
    },
  ]);
  await liveSlots(fixture, good, 4, (path, slot) => answer(path, slot, slots));
  const gap = { from: end, to: end + LIVED_INTERVAL };
  await storeGap(fixture.database.pool, 'btc_usd', gap.from, gap.to);
  const api = await serveReadyApi(fixture.database.readerUrl);
  const close = async (): Promise<void> => {
    await api.close();
    await fixture.stop();
  };
  return { fixture, api, slots, gap, close };
}

function answer(path: string, slot: number, { bad, failed, long }: ExplainedPast['slots']) {
  if (slot === failed) return { status: 400, body: '{"error":{"code":-32602,"message":"Invalid params"}}' };
  if (path.includes('sol_usdc')) return { body: deribitBody('200.00') };
  if (path.startsWith('/public'))
    return { body: slot === bad ? deribitBody('0') : `${GOOD_BODY}${slot === long ? LONG : ''}` };
  if (path.startsWith('/simple')) return { body: coingeckoBody(slot) };
  if (path.startsWith('/api/v2/ticker')) return { body: JSON.stringify({ last: '65000.00', timestamp: String(slot) }) };
  return undefined;
}

function coingeckoBody(slot: number): string {
  const coins = { bitcoin: 87_120.5, 'usd-coin': 0.9998 };
  const entries = Object.entries(coins).map(([id, usd]) => {
    return [id, { usd, usd_market_cap: usd * 1e6, last_updated_at: slot - 5 }];
  });
  return JSON.stringify(Object.fromEntries(entries));
}
