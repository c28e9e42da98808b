import {
  checkLimitsOf,
  decideByMedian,
  decideByPriority,
  judgeJumps,
  medianLimitsOf,
  PRICE_FLAGS,
  standbyToAsk,
  type JumpVerdict,
  type Outcome,
  type RefusalReason,
  type SampleReason,
  type SourceHistory,
  type ToldPrice,
} from '@app/domain';
import { consensusOf, type Consensus } from './consensus.js';
import type { TurnRow } from './slot-turns.js';
import { readTelling, referenceOf, type Telling } from './telling.js';

/** How a sample that stands in the table has to stand there instead. */
export interface Revision {
  readonly tickerId: number;
  readonly ticker: string;
  readonly sourceId: number;
  readonly source: string;
  readonly outcome: Outcome;
  readonly reason: SampleReason | undefined;
  readonly detail: string | undefined;
  readonly price: string | undefined;
  readonly rate: string | undefined;
}

/** A price to be stored. */
export interface ChosenPrice {
  readonly tickerId: number;
  readonly sourceId: number;
  readonly price: string;
  readonly flags: number;
  readonly observedAt: Date | undefined;
  readonly consensus: Consensus | undefined;
}

/** What becomes of a slot of one ticker. */
export interface Settlement {
  readonly revisions: readonly Revision[];
  readonly price?: ChosenPrice | undefined;
  readonly refusal?: RefusalReason | undefined;
  /** The turn of the standby source that has to be called now. */
  readonly standby?: TurnRow | undefined;
  /** Nobody may report a price any more, and sources that reported a jump may be believed for having reported the same for long. */
  readonly needsHistories: boolean;
  /** A sample waits for the price that converts it. */
  readonly isWaiting: boolean;
}

/** What the settlement of a slot depends on beside its turns. */
export interface SettleContext {
  readonly slot: number;
  readonly nowSeconds: number;
  /** Sources whose sample was stored just now: nothing that was decided rests on them yet. */
  readonly isFresh: (turn: TurnRow) => boolean;
  readonly histories?: ReadonlyMap<number, SourceHistory> | undefined;
}

/** The median has no sample of its own, so its prices have this source. */
export const MEDIAN_SOURCE_ID = 0;

/** With less of the window left than this, in seconds, a standby source is not called: the planner hands it on within a second. */
const MIN_SECONDS_FOR_STANDBY = 2;

/** Settles a slot of one ticker, as far as it can be settled now. Pure. @param turns all of one ticker, at least one. */
export function settleTicker(turns: readonly TurnRow[], context: SettleContext): Settlement {
  const [ticker] = turns;
  if (ticker === undefined) throw new Error('a slot without a turn cannot be settled');
  const limits = checkLimitsOf(ticker.ruleOptions ?? {});
  const windowEnded = ticker.deadline <= context.nowSeconds;
  const told = turns.map((turn) => readTelling(turn, limits, context.nowSeconds));
  const judge = (open: number): Map<number, JumpVerdict> => {
    const prices = told.flatMap(({ turn, price }): ToldPrice[] =>
      price === undefined ? [] : [{ sourceId: turn.sourceId, price, isMapped: isMapped(turn) }],
    );
    const reference = referenceOf(ticker, context.slot, limits);
    const verdicts = judgeJumps(prices, { reference, open, limits, histories: context.histories });
    return new Map(verdicts.map((verdict) => [verdict.sourceId, verdict]));
  };

  const openNow = told.filter(({ turn, isWaiting }) => isWaiting || isOpen(turn, windowEnded)).length;
  const firstVerdicts = judge(openNow);
  const standby =
    ticker.isDecided || ticker.deadline - context.nowSeconds < MIN_SECONDS_FOR_STANDBY
      ? undefined
      : findStandby(told, firstVerdicts, medianLimitsOf(ticker.ruleOptions ?? {}).minimumSources);
  const open = openNow + (standby === undefined ? 0 : 1);
  const verdicts = standby === undefined ? firstVerdicts : judge(open);

  const decision = ticker.isDecided ? {} : decide(told, verdicts, { open, windowEnded });
  return {
    revisions: told.flatMap((telling) => revise(telling, verdicts, context)),
    ...decision,
    standby,
    needsHistories:
      !ticker.isDecided &&
      open === 0 &&
      context.histories === undefined &&
      [...verdicts.values()].some(({ isJump }) => isJump),
    isWaiting: told.some(({ isWaiting }) => isWaiting),
  };
}

function isMapped(turn: TurnRow): boolean {
  return ((turn.flags ?? 0) & PRICE_FLAGS.mapped) !== 0;
}

function isOpen(turn: TurnRow, windowEnded: boolean): boolean {
  return turn.outcome === null && turn.isAsked && !windowEnded;
}

/** What a turn has come to as far as one can tell now; undefined while it may still change for the better. */
function outcomeOf({ turn, isWaiting, rejection }: Telling, verdict: JumpVerdict | undefined): Outcome | undefined {
  if (isWaiting) return undefined;
  if (rejection !== undefined) return 'rejected';
  if (verdict !== undefined) return verdict.isJump ? 'rejected' : 'accepted';
  return turn.outcome ?? undefined;
}

function findStandby(
  told: readonly Telling[],
  verdicts: ReadonlyMap<number, JumpVerdict>,
  minimumSources: number,
): TurnRow | undefined {
  const candidates = told.map((telling) => ({
    sourceId: telling.turn.sourceId,
    position: telling.turn.position,
    isStandby: telling.turn.isStandby,
    isAsked: telling.turn.isAsked,
    outcome: outcomeOf(telling, verdicts.get(telling.turn.sourceId)),
  }));
  const sourceId = standbyToAsk(candidates, told[0]?.turn.rule === 'median' ? minimumSources : 1);
  return told.find(({ turn }) => turn.sourceId === sourceId)?.turn;
}

function decide(
  told: readonly Telling[],
  verdicts: ReadonlyMap<number, JumpVerdict>,
  { open, windowEnded }: { readonly open: number; readonly windowEnded: boolean },
): Pick<Settlement, 'price' | 'refusal'> {
  return told[0]?.turn.rule === 'median'
    ? decideMedian(told, verdicts, open)
    : { price: decidePriority(told, verdicts, windowEnded) };
}

function decidePriority(
  told: readonly Telling[],
  verdicts: ReadonlyMap<number, JumpVerdict>,
  windowEnded: boolean,
): ChosenPrice | undefined {
  const candidates = told.map((telling) => {
    const { turn, isWaiting } = telling;
    const verdict = verdicts.get(turn.sourceId);
    const isUndecided = isWaiting || isOpen(turn, windowEnded) || verdict?.isSettled === false;
    const outcome = isUndecided ? undefined : (outcomeOf(telling, verdict) ?? 'missed');
    return { sourceId: turn.sourceId, position: turn.position, outcome };
  });
  // Who may not answer any more counts as missed above: what is left undecided is worth waiting for.
  const sourceId = decideByPriority(candidates, false);
  const chosen = told.find(({ turn }) => turn.sourceId === sourceId);
  if (chosen?.price === undefined) return undefined;
  const { turn, price } = chosen;
  return {
    tickerId: turn.tickerId,
    sourceId: turn.sourceId,
    price,
    flags: turn.flags ?? 0,
    observedAt: turn.observedAt ?? undefined,
    consensus: undefined,
  };
}

/** A refusal waits until every source has its outcome: after an outage of Postgres they come long after the window, one by one. */
function decideMedian(
  told: readonly Telling[],
  verdicts: ReadonlyMap<number, JumpVerdict>,
  open: number,
): Pick<Settlement, 'price' | 'refusal'> {
  if (open > 0) return {};
  const accepted = told.flatMap(({ turn, price }) =>
    price === undefined || verdicts.get(turn.sourceId)?.isJump !== false
      ? []
      : [{ sourceId: turn.sourceId, price, flags: turn.flags ?? 0, observedAt: turn.observedAt }],
  );
  const [ticker] = told.map(({ turn }) => turn);
  const median = decideByMedian(accepted, medianLimitsOf(ticker?.ruleOptions ?? {}));
  if (ticker === undefined) return {};
  if (median.outcome === 'refused') {
    const isComplete = told.every(({ turn }) => turn.outcome !== null || !turn.isAsked);
    return isComplete ? { refusal: median.reason } : {};
  }
  const times = accepted.filter(({ sourceId }) => median.used.includes(sourceId)).map(({ observedAt }) => observedAt);
  const leftOut = told.map(({ turn, price, rejection }) => ({
    ...turn,
    price: price ?? null,
    reason: rejection?.reason ?? (verdicts.get(turn.sourceId)?.isJump === true ? 'jump' : turn.reason),
  }));
  return {
    price: {
      tickerId: ticker.tickerId,
      sourceId: MEDIAN_SOURCE_ID,
      price: median.price,
      flags: median.flags,
      // The newest observation that it is made of.
      observedAt:
        times.reduce((newest, time) => (newest === null || (time !== null && time > newest) ? time : newest), null) ??
        undefined,
      consensus: consensusOf(median, leftOut),
    },
  };
}

/** How the sample of a turn has to be changed: an acceptance may come at any time, a rejection only while nothing rests on it. */
function revise(telling: Telling, verdicts: ReadonlyMap<number, JumpVerdict>, context: SettleContext): Revision[] {
  const { turn, price, rate, rejection } = telling;
  const { tickerId, ticker, sourceId, source } = turn;
  const verdict = verdicts.get(sourceId);
  if (rejection !== undefined) {
    return [{ tickerId, ticker, sourceId, source, outcome: 'rejected', price: undefined, rate, ...rejection }];
  }
  if (price === undefined || verdict === undefined) return [];
  const wasJump = turn.outcome === 'rejected' && turn.reason === 'jump';
  if (verdict.isJump) {
    const isBound = turn.outcome === 'accepted' && turn.isDecided && !context.isFresh(turn);
    if (wasJump || isBound) return [];
    const { detail } = verdict;
    return [
      { tickerId, ticker, sourceId, source, outcome: 'rejected', reason: 'jump', detail, price: undefined, rate },
    ];
  }
  if (turn.outcome === 'accepted') return [];
  const detail = wasJump ? 'was a jump at first, and has been confirmed' : undefined;
  return [{ tickerId, ticker, sourceId, source, outcome: 'accepted', reason: undefined, detail, price, rate }];
}
