import { judgeReading } from '@app/domain';
import { answerTimes, readAnswer, readList } from './read-answer.js';
import { coingeckoSource } from './providers/coingecko.source.js';
import { SOURCES } from './registry.js';

const NOW_MS = Date.UTC(2026, 3, 7, 9, 41, 13);
const secondsAgo = (seconds: number): Date => new Date(NOW_MS - seconds * 1000);
const date = (seconds: number): string => secondsAgo(seconds).toUTCString();

describe('answerTimes', () => {
  it.each([
    [{}, undefined, undefined],
    [{ date: date(7) }, 7, undefined],
    [{ age: '31' }, 31, 31],
    [{ date: date(0), age: '31' }, 31, 31],
    [{ date: date(700), age: '31' }, 700, 31],
    [{ date: 'soon', age: '-5' }, undefined, undefined],
    [{ date: date(-3600) }, -3600, undefined],
  ] as const)('of %j', (headers, answered, cached) => {
    expect(answerTimes(headers, NOW_MS)).toEqual({
      answeredAt: answered === undefined ? undefined : secondsAgo(answered),
      cachedAt: cached === undefined ? undefined : secondsAgo(cached),
    });
  });
});

describe('a list of names', () => {
  const listing = SOURCES.flatMap((source) => (source.names === undefined ? [] : [{ source, names: source.names }]));

  it.each(listing)('of $source.name is throttled by words in any form, whatever the status', ({ source, names }) => {
    for (const body of [
      'Throttled',
      '"Throttled"',
      '{"detail":"Request was throttled. Expected available in 25 seconds."}',
    ]) {
      for (const status of [200, 403, 429, 503]) {
        const read = (): unknown => readList(source, names, { status, headers: {}, body }, NOW_MS);
        const retryAfterSeconds = body.includes('25') ? 25 : undefined;
        expect(read).toThrow(
          expect.objectContaining({ kind: 'rate_limited', retryAfterSeconds, httpStatus: status }) as Error,
        );
      }
    }
  });
});

describe('an answer with headers and times', () => {
  const asked = [{ ticker: 'btc_usd', sourceSymbol: 'bitcoin' }];

  function judged(headers: Readonly<Record<string, string>>, ownAgeSeconds: number | undefined): string | undefined {
    const time = ownAgeSeconds === undefined ? '' : `,"last_updated_at":${Math.floor(NOW_MS / 1000) - ownAgeSeconds}`;
    const body = `{"bitcoin":{"usd":71234.5${time}}}`;
    const answer = readAnswer(coingeckoSource, asked, { status: 200, headers, body }, { nowMs: NOW_MS });
    const times = { ...answer, receivedAt: new Date(NOW_MS) };
    const { outcome, reason } = judgeReading({ quote: 'usd' }, answer.readings[0], times, { stablecoinsAtPar: false });
    return reason ?? outcome;
  }

  it.each([
    ['whose server is days behind, with a fresh time', { date: date(3 * 86_400) }, 4, 'accepted'],
    ['whose server is a day ahead, with a fresh time', { date: date(-86_400) }, 4, 'accepted'],
    ['out of an old cache, with a fresh time', { age: '601' }, 4, 'stale'],
    ['out of an old cache with a Date of its own', { age: '742', date: date(0) }, undefined, 'stale'],
    ['with an old Date and no time', { date: date(613) }, undefined, 'stale'],
    ['with a Date just now and no time', { date: date(2) }, undefined, 'accepted'],
    ['with a Date just now and an old time', { date: date(0), age: '0' }, 613, 'stale'],
  ] as const)('%s', (_name, headers, ownAge, outcome) => {
    expect(judged(headers, ownAge)).toBe(outcome);
  });
});
