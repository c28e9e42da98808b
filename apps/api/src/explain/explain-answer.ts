import { flagNames } from '@app/domain';
import type {
  ExplainedCall,
  ExplainedFetch,
  ExplainedPrice,
  ExplainedSchedule,
  ExplainedSlotSource,
  Explanation,
} from '@app/storage';
import { summaryOf } from './explain-summary.js';

/** What is asked: a ticker, and an instant of the slot. */
export interface AskedSlot {
  readonly ticker: string;
  readonly timestamp: number;
  readonly nowSeconds: number;
  /** What the paths of links begin with: that of the version that was asked, else nothing. */
  readonly prefix: string;
}

/** For so long a body that is not there may still be on its way, in seconds: workers write them many at once. */
const BODY_ON_ITS_WAY_SECONDS = 60;

/** The answer of `/prices/explain`. */
export function explainAnswer(asked: AskedSlot, explanation: Explanation) {
  const { slot, schedule, price, revisions, gap, slotSources, state } = explanation;
  return {
    ticker: asked.ticker,
    timestamp: asked.timestamp,
    slot: slot ?? null,
    state,
    summary: summaryOf(asked.ticker, explanation),
    price: price === undefined ? null : priceAnswer(price),
    earlier_prices: revisions.map((replaced) => ({
      ...priceAnswer(replaced),
      replaced_at: replaced.replacedAt,
      cause: replaced.cause,
    })),
    gap:
      gap === undefined
        ? null
        : { from: gap.fromSlot, to: gap.toSlot, reason: gap.reason, recorded_at: gap.recordedAt },
    schedule: schedule === undefined ? null : scheduleAnswer(schedule, slot),
    samples: slotSources.map((slotSource) => slotSourceAnswer(slotSource, explanation, asked)),
  };
}

function priceAnswer({ price, uncertainty, source, observedAt, flags, revision, consensus }: ExplainedPrice) {
  return { price, uncertainty, source, observed_at: observedAt, flags: flagNames(flags), revision, consensus };
}

function scheduleAnswer(schedule: ExplainedSchedule, slot: number | undefined) {
  return {
    from: schedule.fromSlot,
    to: schedule.toSlot,
    interval_seconds: schedule.intervalSeconds,
    rule: schedule.rule,
    rule_options: schedule.ruleOptions,
    sources: schedule.sources.map(({ source, sourceSymbol, batch, intervalSeconds, standby, quotedIn }) => ({
      source,
      source_symbol: sourceSymbol,
      batch,
      interval_seconds: intervalSeconds,
      standby,
      quoted_in: quotedIn,
      due: slot !== undefined && slot % intervalSeconds === 0,
    })),
  };
}

function slotSourceAnswer(
  slotSource: ExplainedSlotSource,
  { price, rates, slot, bodies }: Explanation,
  asked: AskedSlot,
) {
  return {
    source: slotSource.source,
    source_symbol: slotSource.sourceSymbol,
    batch: slotSource.batch,
    standby: slotSource.standby,
    outcome: slotSource.outcome,
    reason: slotSource.reason,
    detail: slotSource.detail,
    price: slotSource.price,
    served: slotSource.outcome === 'accepted' && isServed(slotSource, price),
    raw: slotSource.raw,
    inverted: slotSource.inverted,
    flags: slotSource.flags === null ? null : flagNames(slotSource.flags),
    rate: slotSource.rate,
    rate_uncertainty: slotSource.rateUncertainty,
    rate_price: slotSource.rateTicker === null ? null : rateAnswer(slotSource.rateTicker, rates, slot, asked),
    market_cap: slotSource.marketCap,
    volume_24h: slotSource.volume24h,
    source_time: slotSource.sourceTime,
    requested_at: slotSource.requestedAt,
    observed_at: slotSource.observedAt,
    stored_at: slotSource.storedAt,
    origin: slotSource.origin,
    revision: slotSource.revision,
    earlier_samples: slotSource.revisions.map(({ flags, replacedAt, rateUncertainty, ...sample }) => ({
      ...sample,
      rate_uncertainty: rateUncertainty,
      flags: flagNames(flags),
      replaced_at: replacedAt,
    })),
    fetch: slotSource.fetch === null ? null : fetchAnswer(slotSource.fetch, slotSource, bodies, asked),
  };
}

/** A sample is served itself, or is one of those that a median is made of. */
function isServed({ source }: ExplainedSlotSource, price: ExplainedPrice | undefined): boolean {
  if (price === undefined) return false;
  const consensus = price.consensus as { readonly used?: readonly string[] } | null;
  return price.source === source || consensus?.used?.includes(source) === true;
}

function rateAnswer(ticker: string, rates: Explanation['rates'], slot: number | undefined, { prefix }: AskedSlot) {
  const found = rates.find((rate) => rate.ticker === ticker);
  return {
    ticker,
    slot: found?.slot ?? null,
    price: found?.price ?? null,
    source: found?.source ?? null,
    explain: `${prefix}/prices/explain?ticker=${ticker}&timestamp=${found?.slot ?? slot}`,
  };
}

function fetchAnswer(
  fetch: ExplainedFetch,
  slotSource: ExplainedSlotSource,
  bodies: Explanation['bodies'],
  asked: AskedSlot,
) {
  return {
    status: fetch.status,
    attempts: fetch.attempts,
    max_attempts: fetch.maxAttempts,
    ...callAnswer(fetch),
    same_call: slotSource.observedAt === fetch.receivedAt,
    payload: fetch.sha256 === null ? null : payloadAnswer(fetch, fetch.sha256, bodies, asked),
    earlier_attempts: slotSource.earlierAttempts.map((call) => ({
      attempt: call.attempt,
      ...callAnswer(call),
      payload: call.sha256 === null ? null : { sha256: call.sha256, link: linkOf(call.sha256, asked) },
    })),
  };
}

function callAnswer(call: ExplainedCall) {
  return {
    requested_at: call.requestedAt,
    received_at: call.receivedAt,
    latency_ms: call.latencyMs,
    endpoint: call.endpoint,
    url: call.url,
    http_status: call.httpStatus,
    headers: call.headers,
    error_kind: call.errorKind,
    error_message: call.errorMessage,
    parser_version: call.parserVersion,
  };
}

function payloadAnswer(fetch: ExplainedFetch, sha256: string, bodies: Explanation['bodies'], asked: AskedSlot) {
  const isKept = fetch.bytes !== null;
  return {
    sha256,
    kept: isKept,
    not_kept_because: isKept ? null : whyNotKept(fetch, asked.nowSeconds),
    bytes: fetch.bytes,
    body: bodies.get(sha256)?.toString('utf8') ?? null,
    link: isKept ? linkOf(sha256, asked) : null,
  };
}

function linkOf(sha256: string, { prefix }: AskedSlot): string {
  return `${prefix}/payloads/${sha256}`;
}

/** Why a body is not there; what is said of its day is all that is known. */
function whyNotKept(fetch: ExplainedFetch, nowSeconds: number): string {
  if (fetch.isDayDropped) return 'past_retention';
  if (fetch.receivedAt !== null && nowSeconds - fetch.receivedAt < BODY_ON_ITS_WAY_SECONDS) return 'being_written';
  if (!fetch.isDayKnown) return 'none_kept_that_day';
  return (fetch.refusedOfDay ?? 0) > 0 ? 'over_daily_limit' : 'lost';
}
