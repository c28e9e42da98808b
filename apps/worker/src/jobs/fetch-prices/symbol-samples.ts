import { judgeAnswer, type FailureReason, type JudgeOptions } from '@app/domain';
import { SourceError, type SourceAnswer } from '@app/sources';
import type { FetchMember, Sample, SymbolNews } from '@app/storage';
import type { MadeCall, SymbolCallsEnd } from './symbol-calls.js';
import type { SymbolPlan } from './symbol-plan.js';

/** What the samples of a fetch with several calls, or with refused symbols, are made from. */
export interface SymbolSamplesOptions {
  /** Name of the source. */
  readonly source: string;
  readonly slot: number;
  readonly plan: SymbolPlan;
  readonly end: SymbolCallsEnd;
  /** What the fleet has learned from these calls. */
  readonly news: SymbolNews;
  readonly judging: JudgeOptions;
  /** The call that the fetch ends with. */
  readonly main: MadeCall | undefined;
}

/** One sample for each ticker of the fetch, in the order of its members. */
export function samplesOfCalls(members: readonly FetchMember[], options: SymbolSamplesOptions): Sample[] {
  const { source, slot, plan, end, news, judging, main } = options;
  const samples = new Map<number, Sample>();
  const fail = (asked: readonly FetchMember[], reason: FailureReason, detail: string, call?: MadeCall): void => {
    for (const { tickerId } of asked) {
      samples.set(tickerId, { tickerId, outcome: 'failed', reason, detail, ...timesOf(call, main) });
    }
  };
  for (const { members: asked, answer } of end.answered) {
    const call = end.calls.find((made) => made.end === answer);
    for (const sample of judgeAnswer(asked, slot, answer, judging)) {
      samples.set(sample.tickerId, { ...sample, ...timesOf(call, main) });
    }
  }
  for (const { symbol, members: asked, error } of end.refused) {
    const known = news.refused.find((one) => one.symbol === symbol);
    const detail =
      known === undefined
        ? `${source} refuses ${symbol} (${error.detail}), and whether for that symbol is not certain yet`
        : refusedDetail(source, symbol, known);
    fail(asked, 'not_found', detail, callOf(end, error));
  }
  // Those that were to be tried again, and for which there was no room.
  const untried = end.open.flatMap(({ members: asked }) =>
    asked.filter(({ refusal }) => refusal?.suspectGroup === null),
  );
  for (const { members: asked, isSuspect } of end.open) {
    if (asked.some((member) => untried.includes(member))) continue;
    if (!isSuspect) {
      // Nobody has asked for them in this slot.
      const missed = { outcome: 'missed', reason: end.unasked } as const;
      const ended = end.failed && ({ outcome: 'failed', reason: end.failed.error.kind } as const);
      for (const { tickerId } of asked) samples.set(tickerId, { tickerId, ...(ended ?? missed), call: {} });
      continue;
    }
    const refused = end.calls.findLast((made) => made.end instanceof SourceError && includes(made.members, asked));
    const symbols = new Set(refused?.members.map(({ sourceSymbol }) => sourceSymbol)).size;
    const words = refused?.end instanceof SourceError ? ` (${refused.end.detail})` : '';
    const detail = `${source} refuses one of ${symbols || asked.length} symbols${words}, and which of them is being found out`;
    fail(asked, 'not_found', detail, refused);
  }
  if (end.failed !== undefined) {
    const { members: asked, error } = end.failed;
    fail(asked, error.kind, error.detail, callOf(end, error));
  }
  for (const sample of leftOutSamples(source, { leftOut: [...plan.leftOut, ...untried] }))
    samples.set(sample.tickerId, sample);
  return members.flatMap(({ tickerId }) => samples.get(tickerId) ?? []);
}

/** The samples of the tickers whose symbols are not asked for, because the source refuses them. */
export function leftOutSamples(source: string, { leftOut }: Pick<SymbolPlan, 'leftOut'>): Sample[] {
  return leftOut.map(({ tickerId, sourceSymbol, refusal }) => ({
    ...{ tickerId, outcome: 'failed', reason: 'not_found' },
    detail: refusedDetail(source, sourceSymbol, {
      since: new Date(refusal?.sinceMs ?? 0),
      nextTryAt: new Date(refusal?.nextTryMs ?? 0),
      detail: refusal?.detail ?? '',
    }),
    call: {},
  }));
}

function refusedDetail(
  source: string,
  symbol: string,
  { since, nextTryAt, detail }: { readonly since: Date; readonly nextTryAt: Date; readonly detail: string },
): string {
  return `${source} refuses ${symbol} since ${secondOf(since)} (${detail}); it is asked again at ${secondOf(nextTryAt)}`;
}

function secondOf(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function callOf({ calls }: SymbolCallsEnd, end: SourceAnswer | SourceError): MadeCall | undefined {
  return calls.find((call) => call.end === end);
}

function includes(members: readonly FetchMember[], some: readonly FetchMember[]): boolean {
  return some.every((member) => members.includes(member));
}

/** The times of the call that a sample comes from, where they are not those of the fetch. */
function timesOf(call: MadeCall | undefined, main: MadeCall | undefined): Pick<Sample, 'call'> {
  if (call !== undefined && call === main) return {};
  return { call: { requestedAt: call?.end.requestedAt, receivedAt: call?.end.receivedAt } };
}
