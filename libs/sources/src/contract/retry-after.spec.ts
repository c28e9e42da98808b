import { parseRetryAfter } from './retry-after.js';

describe('parseRetryAfter', () => {
  const nowMs = Date.UTC(2026, 0, 1);

  it.each([
    ['5', 5],
    [' 5 ', 5],
    ['0', 0],
    ['3601', 3601],
    ['99999999999999999999999', 604_800],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30],
    ['Thu, 01 Jan 2026 02:00:00 GMT', 7200],
    ['Sun, 01 Mar 2026 00:00:00 GMT', 604_800],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['Thu, 99 Jan 2026 00:00:30 GMT', undefined],
    ['2026-01-01T00:00:30Z', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('reads %s as %s', (header, seconds) => {
    expect(parseRetryAfter(header, nowMs)).toBe(seconds);
  });
});
