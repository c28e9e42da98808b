import { checkRange, isDoubtful, quotedPrice, type CheckLimits, type SampleReason } from '@app/domain';
import type { TurnRow } from './slot-turns.js';

/**
 * How long after the window a sample may still wait for its rate, in seconds: a rate that is decided when its own window ends comes
 * a moment after that.
 */
export const RATE_GRACE_SECONDS = 5;

/** A turn with the price that it tells when every check that looks at it alone is passed. */
export interface Telling {
  readonly turn: TurnRow;
  readonly price: string | undefined;
  readonly rate: string | undefined;
  /** It has just been converted, and the outcome of that is not accepted. */
  readonly rejection?: { readonly reason: SampleReason; readonly detail: string } | undefined;
  readonly isWaiting: boolean;
}

/** What a turn tells: its price as it was accepted, as it would be but for the jump, or as a rate that has come makes it. */
export function readTelling(turn: TurnRow, limits: CheckLimits, nowSeconds: number): Telling {
  const rate = turn.rate ?? undefined;
  if (turn.outcome === 'accepted') return { turn, price: turn.price ?? undefined, rate, isWaiting: false };
  if (turn.outcome !== 'rejected') return { turn, price: undefined, rate, isWaiting: false };
  if (turn.reason === 'jump') return { turn, price: priceOf(turn, rate), rate, isWaiting: false };
  if (turn.reason !== 'no_conversion_rate') return { turn, price: undefined, rate, isWaiting: false };
  if (turn.rateFound === null) {
    const until = Math.min(turn.rateDeadline ?? 0, turn.deadline) + RATE_GRACE_SECONDS;
    return { turn, price: undefined, rate, isWaiting: nowSeconds < until };
  }
  const price = priceOf(turn, turn.rateFound);
  const rejection =
    price === undefined
      ? ({ reason: 'not_a_decimal', detail: `cannot be converted at ${turn.rateFound}` } as const)
      : checkRange(price, limits);
  return rejection === undefined
    ? { turn, price, rate: turn.rateFound, isWaiting: false }
    : { turn, price: undefined, rate: turn.rateFound, rejection, isWaiting: false };
}

function priceOf(turn: TurnRow, rate: string | undefined): string | undefined {
  return turn.raw === null ? undefined : quotedPrice({ raw: turn.raw, isInverted: turn.inverted === true, rate });
}

/** The last price, when it is young enough and its own slot does not contradict it. */
export function referenceOf(ticker: TurnRow, slot: number, limits: CheckLimits): string | undefined {
  const { lastPrice, lastSlot, lastAccepted, lastJumps } = ticker;
  if (lastPrice === null || lastSlot === null || slot - lastSlot > limits.jumpMemorySeconds) return undefined;
  const jumps = (lastJumps ?? []).flatMap(({ raw, inverted, rate }) => {
    const price = raw === null ? undefined : quotedPrice({ raw, isInverted: inverted, rate: rate ?? undefined });
    return price === undefined ? [] : [price];
  });
  const told = [...(lastAccepted?.split(' ') ?? []), ...jumps];
  return isDoubtful(lastPrice, told, limits) ? undefined : lastPrice;
}
