import { checkQuote, checkRange, DEFAULT_CHECK_LIMITS, type PriceFlag, type Quote, quotedPrice } from '@app/domain';
import { isQuote, type SourceAnswer, type SourceReading } from '@app/sources';

/** What one unit of the currency on the wire costs in that of the ticker. */
export interface Rate {
  readonly ticker: string;
  /** Undefined when none could be had. */
  readonly price: string | undefined;
  readonly isAtPar: boolean;
}

/** What is to be said of one reading. */
export interface JudgedReading {
  readonly outcome: 'accepted' | 'rejected';
  readonly reason?: string;
  readonly detail?: string;
  readonly price?: string;
  /** The text on the wire. */
  readonly raw?: string;
  readonly rate?: string;
  readonly rateTicker?: string;
  readonly sourceTime?: Date | undefined;
  readonly flags: readonly PriceFlag[];
}

/** Judges one reading as a worker would, but for the check against other prices. @param rateFor asks for the rate when there is need of one. */
export async function judgeReading(
  reading: SourceReading,
  answer: SourceAnswer,
  rateFor: (() => Promise<Rate>) | undefined,
): Promise<JudgedReading> {
  if (!isQuote(reading)) return { outcome: 'rejected', reason: reading.rejected, detail: reading.detail, flags: [] };
  const { receivedAt, answeredAt } = answer;
  const verdict = checkQuote(reading, { receivedAt, answeredAt, isToBeConverted: rateFor !== undefined });
  const flags: PriceFlag[] = reading.mapped === undefined ? [] : ['mapped'];
  const kept = { raw: reading.price, sourceTime: reading.sourceTime };
  if (verdict.outcome === 'rejected') return { ...kept, ...verdict, flags };
  if (verdict.isDerived) flags.push('derived');
  if (rateFor === undefined) return { ...kept, outcome: 'accepted', price: verdict.price, flags };
  return convert(reading, kept, await rateFor(), flags);
}

function convert(
  quote: Quote,
  kept: Pick<JudgedReading, 'raw' | 'sourceTime'>,
  rate: Rate,
  flags: readonly PriceFlag[],
): JudgedReading {
  if (rate.price === undefined) {
    const detail = `quoted in ${rate.ticker.split('_')[0]}, and no source gave ${rate.ticker}`;
    return { ...kept, outcome: 'rejected', reason: 'no_conversion_rate', detail, rateTicker: rate.ticker, flags };
  }
  const converted: PriceFlag[] = [
    ...new Set<PriceFlag>([...flags, 'derived']),
    ...(rate.isAtPar ? ['at_par' as const] : []),
  ];
  const all = { ...kept, rate: rate.price, rateTicker: rate.ticker, flags: converted };
  const price = quotedPrice({ raw: quote.price, isInverted: quote.inverted === true, rate: rate.price });
  if (price === undefined)
    return { ...all, outcome: 'rejected', reason: 'not_a_decimal', detail: 'cannot be converted' };
  const range = checkRange(price, DEFAULT_CHECK_LIMITS);
  return range === undefined ? { ...all, outcome: 'accepted', price } : { ...all, ...range };
}
