import { judgeAnswer, type FailureReason, type JudgeOptions } from '@app/domain';
import { SourceError, type SourceAnswer } from '@app/sources';
import type { FetchMember, Sample, SymbolNews } from '@app/storage';
import { includes, type MadeCall, type SymbolCallsEnd } from './symbol-calls.js';
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
  for (const { members: asked, isSuspect, wasRefused } of end.open) {
    const refused = end.calls.findLast((made) => made.end instanceof SourceError && includes(made.members, asked));
    if (wasRefused === true) {
      // There was no room to try them again, or not to try each of them alone.
      for (const member of asked) {
        const known = news.refused.find(({ symbol }) => symbol === member.sourceSymbol);
        const detail = refusedDetail(source, member.sourceSymbol, known ?? asKnown(member));
        fail([member], 'not_found', detail, refused);
      }
      continue;
    }
    if (!isSuspect) {
      // Nobody has asked for them in this slot.
      const failure = end.unasked === undefined ? end.failed.at(-1) : undefined;
      const said: Pick<Sample, 'outcome' | 'reason'> =
        failure === undefined
          ? { outcome: 'missed', reason: end.unasked ?? 'late' }
          : { outcome: 'failed', reason: failure.error.kind };
      for (const { tickerId } of asked) samples.set(tickerId, { tickerId, ...said, call: {} });
      continue;
    }
    const symbols = new Set(refused?.members.map(({ sourceSymbol }) => sourceSymbol)).size;
    const words = refused?.end instanceof SourceError ? ` (${refused.end.detail})` : '';
    const detail = `${source} refuses one of ${symbols || asked.length} symbols${words}, and which of them is being found out`;
    fail(asked, 'not_found', detail, refused);
  }
  for (const { members: asked, error } of end.failed) fail(asked, error.kind, error.detail, callOf(end, error));
  for (const sample of leftOutSamples(source, plan)) samples.set(sample.tickerId, sample);
  return members.flatMap(({ tickerId }) => samples.get(tickerId) ?? []);
}

/** The samples of the tickers whose symbols are not asked for, because the source refuses them. */
export function leftOutSamples(source: string, { leftOut }: Pick<SymbolPlan, 'leftOut'>): Sample[] {
  return leftOut.map((member) => ({
    ...{ tickerId: member.tickerId, outcome: 'failed', reason: 'not_found' },
    detail: refusedDetail(source, member.sourceSymbol, asKnown(member)),
    call: {},
  }));
}

type KnownRefusal = Pick<SymbolNews['refused'][number], 'since' | 'nextTryAt' | 'detail'>;

/** What the fleet knew when the fetch began. */
function asKnown({ refusal }: FetchMember): KnownRefusal {
  return {
    since: new Date(refusal?.sinceMs ?? 0),
    nextTryAt: new Date(refusal?.nextTryMs ?? 0),
    detail: refusal?.detail ?? '',
  };
}

function refusedDetail(source: string, symbol: string, { since, nextTryAt, detail }: KnownRefusal): string {
  return `${source} refuses ${symbol} since ${secondOf(since)} (${detail}); it is asked again at ${secondOf(nextTryAt)}`;
}

function secondOf(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}

function callOf({ calls }: SymbolCallsEnd, end: SourceAnswer | SourceError): MadeCall | undefined {
  return calls.find((call) => call.end === end);
}

/** The times of the call that a sample comes from, where they are not those of the fetch. */
function timesOf(call: MadeCall | undefined, main: MadeCall | undefined): Pick<Sample, 'call'> {
  if (call !== undefined && call === main) return {};
  return { call: { requestedAt: call?.end.requestedAt, receivedAt: call?.end.receivedAt } };
}
