import { z } from 'zod';
import { assetOf } from './assets.js';

/** The latest second taken: the year 2100. */
const LATEST_SECOND = 4_102_444_800;

const common = {
  /** Short name of the asset that it happens to, e.g. `btc`; assets that follow its course (`steth` that of `eth`) go along. */
  asset: z
    .string()
    .refine(
      (name) => name !== 'usd' && assetOf(name) !== undefined,
      'must be an asset of the simulated market, not usd',
    ),
  /** First UNIX second; the second in which it is set without it. */
  from: z.number().int().min(0).max(LATEST_SECOND).optional(),
  /** First UNIX second after it; it lasts for ever without it. */
  to: z.number().int().min(0).max(LATEST_SECOND).optional(),
  /** The price goes there evenly over so many seconds; at once without it. */
  over_seconds: z.number().int().min(0).max(86_400).optional(),
};

/**
 * What `POST /simulator/market/events` takes: something that happens to the market and not to a source, so that every source
 * shows it alike and the expected prices follow.
 */
export const marketEventSchema = z
  .discriminatedUnion('kind', [
    z.strictObject({
      ...common,
      kind: z.literal('move').describe('The price of the asset moves by so many percent, e.g. 30 or -30.'),
      // Prices keep their number of decimals: after a deeper fall too few digits would be left.
      percent: z.number().min(-80).max(900),
    }),
    z.strictObject({
      ...common,
      kind: z.literal('level').describe('The asset costs about so many dollars, e.g. usdt 0.95.'),
      usd: z.number().positive(),
    }),
  ])
  .superRefine((event, context) => {
    if (event.to !== undefined && event.from !== undefined && event.to <= event.from) {
      context.addIssue({ code: 'custom', path: ['to'], message: 'must lie after from' });
    }
    if (event.kind !== 'level') return;
    const ratio = event.usd / (assetOf(event.asset)?.usd ?? event.usd);
    if (ratio < 0.2 || ratio > 10) {
      context.addIssue({
        code: 'custom',
        path: ['usd'],
        message: 'must lie between a fifth and ten times the usual price',
      });
    }
  });

/** An event as asked for. */
export type MarketEvent = z.output<typeof marketEventSchema>;

/** An event that is set. */
export type SetMarketEvent = MarketEvent & { readonly id: number; readonly from: number };

/** How many events may be set at once: each is looked at for every price. */
export const MOST_MARKET_EVENTS = 200;

/** The events of the market, past and to come. */
export class MarketEvents {
  private events: SetMarketEvent[] = [];
  private lastId = 0;

  /** @param now clock in milliseconds since 1970. */
  constructor(private readonly now: () => number = Date.now) {}

  /** Sets an event; undefined when {@link MOST_MARKET_EVENTS} are set. */
  add(event: MarketEvent): SetMarketEvent | undefined {
    if (this.events.length >= MOST_MARKET_EVENTS) return undefined;
    this.lastId += 1;
    const set = { ...event, id: this.lastId, from: event.from ?? Math.floor(this.now() / 1000) };
    this.events.push(set);
    return set;
  }

  /** In the order in which they were set. */
  list(): readonly SetMarketEvent[] {
    return this.events;
  }

  /** Takes back one event, or all: as if they had never happened, in the past too. @returns the ids of those taken back. */
  remove(id?: number): readonly number[] {
    const removed = this.events.filter((event) => id === undefined || event.id === id);
    this.events = this.events.filter((event) => !removed.includes(event));
    return removed.map((event) => event.id);
  }

  /**
   * What the usual price of an asset is multiplied with at a second: 1 without any event. Events of one asset multiply.
   * @param course the asset whose course it follows.
   */
  factorAt(name: string, course: string, second: number): number {
    let factor = 1;
    for (const event of this.events) {
      if (event.asset !== name && event.asset !== course) continue;
      if (second < event.from || (event.to !== undefined && second >= event.to)) continue;
      const full =
        event.kind === 'move' ? 1 + event.percent / 100 : event.usd / (assetOf(event.asset)?.usd ?? event.usd);
      const over = event.over_seconds ?? 0;
      const share = over === 0 ? 1 : Math.min(1, (second - event.from + 1) / over);
      factor *= 1 + (full - 1) * share;
    }
    return factor;
  }
}
