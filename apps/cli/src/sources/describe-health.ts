import { isUnusableSample } from '@app/domain';
import type { Source } from '@app/sources';
import type { SourceStatus } from '@app/storage';

/** How the sources stand with the whole fleet; by source id. */
export type SourceHealth = ReadonlyMap<number, SourceStatus>;

/** One line on how a source stands. */
export function describeHealth(source: Source, health: SourceHealth | string, nowMs: number): string {
  if (typeof health === 'string') return 'unknown';
  const state = health.get(source.id);
  if (state === undefined) return 'never asked';
  if (state.circuitReason === 'needs_key' && state.circuitOpenUntil === undefined)
    return 'circuit open: it needs a key, and none is set';
  if (state.circuitOpenUntil !== undefined && state.circuitOpenUntil.getTime() > nowMs) {
    return `circuit open until ${state.circuitOpenUntil.toISOString()}: ${state.circuitReason ?? 'it kept failing'}`;
  }
  if (state.pausedUntil !== undefined && state.pausedUntil.getTime() > nowMs) {
    return `paused until ${state.pausedUntil.toISOString()}, as it asked`;
  }
  if (state.failures > 0) {
    return `failing, ${state.failures} times in a row: ${state.lastFailureKind ?? ''} ${state.lastFailureMessage ?? ''}`.trim();
  }
  if (state.lastSuccessAt === undefined) return 'never asked';
  const latency = state.latencyMs === undefined ? '' : ` in ${state.latencyMs} ms`;
  const answered = `answered${latency} at ${state.lastSuccessAt.toISOString()}`;
  return `${answered}${doubtsOf(state.recent)}`;
}

/** What its last answers are worth, where that is less than they should be. */
function doubtsOf({ isUnusable, samples, disagreeingTickers, disagreements }: SourceStatus['recent']): string {
  // Calls that failed may be more, and are not why.
  if (isUnusable) return `, and nothing of it can be used: ${samples.find(isUnusableSample)?.reason ?? ''}`;
  const [first] = disagreements;
  if (first === undefined) return '';
  const more = disagreeingTickers > 1 ? ` and ${disagreeingTickers - 1} more` : '';
  return `, and disagrees on ${first.ticker}${more} since ${new Date(first.sinceSlot * 1000).toISOString()}: ${first.reason}`;
}
