import { longestWait, parseRetryAfter, waitIn } from './retry-after.js';
import { tryReadJson } from './read-json.js';

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

describe('waitIn', () => {
  const nowMs = Date.UTC(2026, 0, 1);

  it.each([
    ['{"error_code":1015,"retry_after":37}', 37],
    ['{"retryAfter":"4.2"}', 5],
    ['{"error":{"code":429,"retry_after_ms":1500}}', 2],
    ['{"parameters":{"Retry-After":61}}', 61],
    ['{"retry_after":1767225690}', 90],
    ['{"retry_after":1767225690000}', 90],
    ['{"retry_after":"2026-01-01T00:01:10Z"}', 70],
    ['{"retry_after":"Thu, 01 Jan 2026 00:00:30 GMT"}', 30],
    ['{"retry_after":0,"message":"try again in 2 minutes"}', 120],
    ['{"detail":"Request was throttled. Expected available in 25 seconds."}', 25],
    ['Throttled, retry after 12s', 12],
    ['"Too many requests: wait 1 hour"', 3600],
    ['{"error":"slow down, try again in 700ms"}', 1],
    ['<html><title>Try again in 3 minutes</title>', 180],
    ['{"retry_after":999999999999999}', 604_800],
    // As declared sources have it, and any other.
    ['{"message":"Rate limit: wait 45."}', 45],
    ['{"error":"limit resets in 12 min"}', 720],
    [`{"msg":"Way too much request weight used; IP banned until ${nowMs + 61_000}."}`, 61],
    ['{"error":"too many requests, retry later (error 1015)"}', undefined],
    ['{"error":"try again after 2026-12-01"}', undefined],
    [`{"msg":"banned until ${nowMs - 1000}"}`, undefined],
    // What is no wait, or is none of an error.
    ['{"retry_after":-5}', undefined],
    ['{"retry_after":"soon"}', undefined],
    ['{"retry_after":null}', undefined],
    ['{"bitcoin":{"usd":7},"name":"try again in 30 seconds"}', undefined],
    ['{"error":"try again later"}', undefined],
    ['', undefined],
  ])('reads %s as %s', (body, seconds) => {
    expect(waitIn(tryReadJson(body), body, nowMs)).toBe(seconds);
  });
});

describe('longestWait', () => {
  it.each([
    [[undefined, undefined], undefined],
    [[0], 0],
    [[0, 31], 31],
    [[17, undefined, 5], 17],
    // A week or more is no honest wait beside a shorter one, and is bounded alone.
    [[604_800, 29], 29],
    [[9_999_999], 604_800],
  ])('of %j is %s', (waits, seconds) => {
    expect(longestWait(...waits)).toBe(seconds);
  });
});
