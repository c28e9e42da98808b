import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@app/observability';
import type { FetchJob } from '@app/queue';
import {
  callCostOf,
  isolateSymbols,
  type IsolatedSymbols,
  type ListedSymbols,
  type Source,
  type SourceAnswer,
  type SourceClient,
  SourceError,
  type SymbolCall,
  waitForRoom,
} from '@app/sources';
import type {
  Claim,
  FetchMember,
  FetchRepository,
  LearnedSymbols,
  RefusedSymbolRepository,
  SymbolNews,
} from '@app/storage';
import type { SourceBudget } from '../../source-budget.js';
import { CALL_TIMEOUT_MS, callTimeoutMs, LEASE_MARGIN_MS, leastCallMs } from './call-time.js';
import { retryWhileDatabaseAway } from './retry-while-database-away.js';
import { callsToTry, planSymbols, type SymbolPlan } from './symbol-plan.js';

/** How old the list may be in which refused symbols are looked for, and how long they have been refused then, in milliseconds. */
const LIST_MAX_AGE_MS = 600_000;

/** How long the call for a list that nobody waits for may wait for room under the limit, in milliseconds. */
const LIST_WAIT_MS = 10_000;

/** What the calls of a fetch are made with. */
export interface SymbolCallsOptions {
  readonly fetches: FetchRepository;
  readonly symbols: RefusedSymbolRepository;
  /** The sources' own lists. */
  readonly lists: ListedSymbols;
  readonly budget?: SourceBudget | undefined;
  readonly client: Pick<SourceClient, 'fetch'>;
  readonly logger: Logger;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
}

/** A fetch that was claimed. */
export interface ClaimedFetch {
  readonly source: Source;
  readonly key: FetchJob;
  readonly claim: Claim & { readonly kind: 'claimed' };
  readonly signal: AbortSignal;
}

/** Whether a further call may be made; why not: there is no time for it, or the month is spent. */
type Room = 'granted' | 'late' | 'no_credits';

/** One call of a fetch. */
export interface MadeCall {
  /** The first of the fetch is 1. */
  readonly attempt: number;
  readonly members: readonly FetchMember[];
  readonly end: SourceAnswer | SourceError;
}

/** The calls of a fetch, and what they came to. */
export interface SymbolCallsEnd extends IsolatedSymbols<FetchMember, SourceAnswer> {
  readonly calls: readonly MadeCall[];
  /** Why the call was not made that was to come next; undefined when none was to come. */
  readonly unasked: Exclude<Room, 'granted'> | undefined;
}

/** Makes the calls of a fetch: one, as long as no symbol is refused; more where one has to be isolated, or is tried again. */
export class SymbolCalls {
  constructor(private readonly options: SymbolCallsOptions) {}

  /** How the tickers of a fetch are asked for, by what the fleet knows of their symbols. */
  async plan({ source, key, claim: { members }, signal }: ClaimedFetch): Promise<SymbolPlan> {
    const { symbols, budget, logger, random } = this.options;
    const due = callsToTry(members);
    if (due.length === 0) return planSymbols(members, new Set(), random());
    const callsPerSecond = budget?.callsPerSecond(source, callCostOf(source, members));
    const { value: tried } = await retryWhileDatabaseAway(logger, signal, () =>
      symbols.beginTries(key.sourceId, due, callsPerSecond),
    );
    return planSymbols(members, tried, random());
  }

  /** Makes the calls; the first of them has been counted already. Whatever ends them early ends them for this slot. */
  async make(fetch: ClaimedFetch, plan: SymbolPlan): Promise<SymbolCallsEnd> {
    const { groups, together } = plan;
    const { source, claim, signal } = fetch;
    const calls: MadeCall[] = [];
    let unasked: SymbolCallsEnd['unasked'];
    const end = await isolateSymbols<FetchMember, SourceAnswer>({
      ...{ groups, together, isCertain },
      ask: async (members) => {
        const attempt = claim.attempt + calls.length;
        const may = calls.length === 0 ? 'granted' : await this.mayCall(fetch, attempt, members);
        if (may !== 'granted') {
          unasked = may;
          return { kind: 'not_asked' };
        }
        const call = await this.call(fetch, members);
        calls.push({ attempt, members, end: call.kind === 'answered' ? call.answer : call.error });
        return call;
      },
      unlisted: async (symbols) => {
        const timeoutMs = Math.min(CALL_TIMEOUT_MS, this.leftMs(fetch));
        if (timeoutMs <= 0 || !(await this.keepInHand(fetch, claim.attempt + calls.length - 1))) return undefined;
        const take = async (_source: Source, cost: number) => (await this.roomFor(fetch, cost)) === 'granted';
        return this.options.lists.unlisted(source, symbols, {
          timeoutMs,
          signal,
          take,
          maxAgeMs: listMaxAgeMs(groups),
        });
      },
    });
    await this.giveBackTries(fetch, plan, calls);
    await this.postponeTries(fetch, end);
    return { ...end, calls, unasked };
  }

  /** Leaves the tries that these calls did not make to whoever fetches next: their symbols are as due as before. */
  async giveBackTries(
    { key, claim, signal }: ClaimedFetch,
    { tried }: SymbolPlan,
    calls: readonly MadeCall[],
  ): Promise<void> {
    const { symbols, logger } = this.options;
    const made = new Set(calls.flatMap(({ members }) => members).map(({ sourceSymbol }) => sourceSymbol));
    const tries = [...tried].flatMap((symbol) => {
      const nextTryMs = claim.members.find(({ sourceSymbol }) => sourceSymbol === symbol)?.refusal?.nextTryMs;
      return made.has(symbol) || typeof nextTryMs !== 'number' ? [] : [{ symbol, nextTryMs }];
    });
    if (tries.length === 0) return;
    // A process that ends leaves them to their lease.
    if (signal.aborted) return;
    await retryWhileDatabaseAway(logger, signal, () => symbols.giveBackTries(key.sourceId, tries));
  }

  /** Tries that failed in a way that says nothing of their symbols are not made again in every slot. */
  private async postponeTries(
    { key, signal }: ClaimedFetch,
    { failed }: Pick<SymbolCallsEnd, 'failed'>,
  ): Promise<void> {
    const { symbols, logger } = this.options;
    const tried = failed
      .flatMap(({ members }) => members)
      .flatMap(({ sourceSymbol, refusal }) => (refusal?.suspectGroup === null ? [sourceSymbol] : []));
    if (tried.length === 0 || signal.aborted) return;
    await retryWhileDatabaseAway(logger, signal, () => symbols.postponeTries(key.sourceId, tried));
  }

  /** Tells the fleet what the calls have shown, and says once who is refused, and who is answered again. */
  async learn({ source, key, signal }: ClaimedFetch, plan: SymbolPlan, end: SymbolCallsEnd): Promise<SymbolNews> {
    const { symbols, logger } = this.options;
    const learned = learnedFrom(plan, end);
    if (Object.values(learned).every(({ length }) => length === 0)) return { refused: [], released: [] };
    const { value: news } = await retryWhileDatabaseAway(logger, signal, () => symbols.learn(key.sourceId, learned));
    for (const { symbol, nextTryAt, detail, isNew } of news.refused) {
      if (!isNew) continue;
      const fields = { source: source.name, source_symbol: symbol, detail, next_try: nextTryAt.toISOString() };
      logger.warn({ event: 'source_symbol_refused', ...fields }, 'the source refuses this symbol: it is left out');
    }
    for (const symbol of news.released) {
      const fields = { source: source.name, source_symbol: symbol };
      logger.info({ event: 'source_symbol_answered', ...fields }, 'the source answers for this symbol again');
    }
    return news;
  }

  /**
   * Looks which of the symbols that are refused for long the source's own list has, in whatever batch: these are tried again sooner. For
   * one symbol its next try tells as much as the list, and a list that costs credits of the month is not asked for.
   * @throws SourceError of kind `rate_limited`.
   */
  async lookForListed({ source, key, claim: { members }, signal }: ClaimedFetch): Promise<void> {
    const { budget, lists, symbols, logger, now } = this.options;
    const isLong = (sinceMs: number): boolean => now() - sinceMs >= LIST_MAX_AGE_MS;
    const isDone =
      source.names === undefined ||
      source.plans.some(({ monthly }) => monthly !== undefined) ||
      !lists.needsCall(source, LIST_MAX_AGE_MS);
    const isAny = members.some(({ refusal }) => refusal?.suspectGroup === null && isLong(refusal.sinceMs));
    if (isDone || !isAny || signal.aborted) return;
    const { value: refused } = await retryWhileDatabaseAway(logger, signal, () => symbols.list(key.sourceId));
    const asked = refused.filter(({ since }) => isLong(since.getTime())).map(({ symbol }) => symbol);
    if (asked.length < 2) return;
    const take = (_source: Source, cost: number) =>
      budget === undefined
        ? Promise.resolve(true)
        : waitForRoom(source, {
            take: async (nowMs) =>
              (await retryWhileDatabaseAway(logger, signal, () => budget.take(source, cost, nowMs))).value,
            ...{ now, signal, maxWaitMs: LIST_WAIT_MS },
          });
    const lookUp = { timeoutMs: CALL_TIMEOUT_MS, maxAgeMs: LIST_MAX_AGE_MS, signal, take };
    const listed = await lists.listed(source, asked, lookUp);
    if (listed === undefined || listed.size === 0) return;
    await retryWhileDatabaseAway(logger, signal, () => symbols.shortenWaits(key.sourceId, [...listed]));
  }

  private async call(
    { source, key, claim, signal }: ClaimedFetch,
    members: readonly FetchMember[],
  ): Promise<SymbolCall<SourceAnswer> & { readonly kind: 'answered' | 'refused' | 'failed' }> {
    const { client, now } = this.options;
    try {
      const timeoutMs = callTimeoutMs(key.slot, claim.deadline, now());
      return { kind: 'answered', answer: await client.fetch(source, members, { timeoutMs, signal }) };
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      return { kind: error.kind === 'not_found' && !signal.aborted ? 'refused' : 'failed', error };
    }
  }

  /** Waits for room under the limit, and counts a further call of the fetch. */
  private async mayCall(fetch: ClaimedFetch, attempt: number, members: readonly FetchMember[]): Promise<Room> {
    const { fetches, logger } = this.options;
    const { source, key, signal } = fetch;
    // Before the wait: nobody else is to take the fetch up meanwhile.
    if (!(await this.keepInHand(fetch, attempt - 1))) return 'late';
    const room = await this.roomFor(fetch, callCostOf(source, members));
    if (room !== 'granted') return room;
    const { value } = await retryWhileDatabaseAway(logger, signal, () => fetches.countCall(key, attempt - 1));
    return value ? 'granted' : 'late';
  }

  private async keepInHand({ key, claim, signal }: ClaimedFetch, attempt: number): Promise<boolean> {
    const { fetches, logger, now } = this.options;
    const untilMs = Math.max(claim.deadline * 1000, now() + CALL_TIMEOUT_MS + LEASE_MARGIN_MS);
    const { value } = await retryWhileDatabaseAway(logger, signal, () => fetches.keepInHand(key, attempt, untilMs));
    return value;
  }

  /** Waits until the limit has room for a call, as long as there is time for it. */
  private async roomFor(fetch: ClaimedFetch, cost: number): Promise<Room> {
    const { budget, logger, now } = this.options;
    const { source, signal } = fetch;
    for (;;) {
      if (signal.aborted || this.leftMs(fetch) <= 0) return 'late';
      if (budget === undefined) return 'granted';
      const { value: answer } = await retryWhileDatabaseAway(logger, signal, () => budget.take(source, cost, now()));
      if (answer.kind !== 'later') return answer.kind;
      if (answer.afterMs >= this.leftMs(fetch)) return 'late';
      await sleep(answer.afterMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Time in the window in which a call may still begin, in milliseconds. */
  private leftMs({ key, claim }: ClaimedFetch): number {
    return claim.deadline * 1000 - leastCallMs(key.slot, claim.deadline) - this.options.now();
  }
}

/** Symbols that come back together come within minutes: an older list would lack them. */
function listMaxAgeMs(groups: SymbolPlan['groups']): number | undefined {
  return groups.some(({ wasRefused, members }) => wasRefused === true && members.length > 1) ? 60_000 : undefined;
}

/** Whether the fleet knows that a refusal of this symbol is about it. */
function isCertain(members: readonly FetchMember[]): boolean {
  return members.some(({ refusal }) => refusal?.suspectGroup === null || refusal?.othersAnswered === true);
}

function learnedFrom(plan: SymbolPlan, { answered, refused, open, calls }: SymbolCallsEnd): Required<LearnedSymbols> {
  const known = new Set(plan.groups.map(({ members }) => members));
  const words = calls.flatMap(({ end }) =>
    end instanceof SourceError && end.kind === 'not_found' ? [end.detail] : [],
  );
  const detail = words.at(-1) ?? '';
  const symbolsOf = (members: readonly FetchMember[]): string[] => [
    ...new Set(members.map(({ sourceSymbol }) => sourceSymbol)),
  ];
  return {
    refused: refused.filter((one) => one.isCertain).map(({ symbol, error }) => ({ symbol, detail: error.detail })),
    refusedTogether: open
      .filter(({ wasRefused, members }) => wasRefused === true && calls.some((call) => includes(call.members, members)))
      .flatMap(({ members }) => symbolsOf(members).map((symbol) => ({ symbol, detail }))),
    suspects: [
      // A group that was suspect before and was not asked has shown nothing.
      ...open
        .filter(({ isSuspect, members }) => isSuspect && !known.has(members))
        .map(({ members }) => ({ symbols: symbolsOf(members), detail })),
      ...refused
        .filter((one) => !one.isCertain)
        .map(({ symbol, error }) => ({ symbols: [symbol], detail: error.detail })),
    ],
    answered: symbolsOf(answered.flatMap(({ members }) => members).filter(({ refusal }) => refusal)),
  };
}

/** Whether a call was for all of these. */
export function includes(members: readonly FetchMember[], some: readonly FetchMember[]): boolean {
  return some.every((member) => members.includes(member));
}
