import { sourceById, type Source } from '@app/sources';
import type { SourceStatus } from '@app/storage';
import { describeHealth } from './describe-health.js';

const NOW_MS = Date.UTC(2026, 10, 20, 20);
const KRAKEN = sourceById(2) as Source;

/** Answers, and this is what its last samples came to. */
function healthOf(samples: SourceStatus['recent']['samples']): string {
  const status: SourceStatus = {
    ...{ sourceId: KRAKEN.id, tickers: 1, batches: 1, failures: 0, usedThisMonth: 0 },
    ...{ pausedUntil: undefined, circuitOpenUntil: undefined, circuitReason: undefined, latencyMs: undefined },
    ...{ lastFailureAt: undefined, lastFailureKind: undefined, lastFailureMessage: undefined },
    lastSuccessAt: new Date(NOW_MS),
    recent: { samples, disagreeingTickers: 0, disagreements: [], isUnusable: true },
  };
  return describeHealth(KRAKEN, new Map([[KRAKEN.id, status]]), NOW_MS);
}

describe('how a source stands', () => {
  test.each<[string, SourceStatus['recent']['samples']]>([
    [
      'stale',
      [
        { outcome: 'failed', reason: 'timeout', count: 5 },
        { outcome: 'rejected', reason: 'stale', count: 4 },
        { outcome: 'failed', reason: 'absent', count: 2 },
      ],
    ],
    [
      'absent',
      [
        { outcome: 'rejected', reason: 'jump', count: 4 },
        { outcome: 'failed', reason: 'absent', count: 3 },
        { outcome: 'rejected', reason: 'stale', count: 2 },
      ],
    ],
  ])('of which nothing can be used says why: %s, and not what else went wrong more often', (reason, samples) => {
    expect(healthOf(samples)).toBe(`answered at 2026-11-20T20:00:00.000Z, and nothing of it can be used: ${reason}`);
  });
});
