import { SourceError } from '@app/sources';
import { CALL_TIMEOUT_MS, callTimeoutMs, isBegunLate } from './call-time.js';

const SLOT = 1_766_000_000;

describe('the time of a call', () => {
  it.each([
    ['the beginning of a long window', 15, 0, CALL_TIMEOUT_MS],
    ['the end of a long window', 15, 14_000, 1_000],
    ['the beginning of a window as long as a call may take', 4, 0, CALL_TIMEOUT_MS],
    ['the end of it', 4, 3_500, 500],
    ['the beginning of a shorter one, which it may outlive', 1, 0, CALL_TIMEOUT_MS],
    ['the end of a shorter one', 3, 2_900, CALL_TIMEOUT_MS],
  ])('at %s (%i s, after %i ms) is %i ms', (_when, seconds, sinceMs, ms) => {
    expect(callTimeoutMs(SLOT, SLOT + seconds, SLOT * 1000 + sinceMs)).toBe(ms);
  });

  it.each([
    [15, 7_499, false],
    [15, 7_500, true],
    [4, 2_000, true],
    [1, 900, false],
  ])('was too short for the source in a window of %i s when it began after %i ms: %s', (seconds, sinceMs, late) => {
    const error = new SourceError('timeout', 'kraken', 'no answer', { requestedAt: new Date(SLOT * 1000 + sinceMs) });
    expect(isBegunLate(SLOT, SLOT + seconds, error)).toBe(late);
  });

  it('was not too short for a call that was never made', () => {
    expect(isBegunLate(SLOT, SLOT + 15, new SourceError('timeout', 'kraken', 'no time left'))).toBe(false);
  });
});
