import { outcomeOf } from './judge-parse.contract.js';
import { type Json, parseFixture, pathsOf, valueAt, withValueAt, writeJson } from './mutate-json.contract.js';
import type { WholeContract } from './source-fixtures.contract.js';
import { SourceError } from '../contract/source-error.js';
import { readAnswer } from '../read-answer.js';

/** Refusals in forms that are not the source's own: they may come from whatever stands in front of it. */
const THROTTLINGS = [
  'Throttled',
  '"Throttled"',
  'Too Many Requests',
  '{"message":"Too Many Requests"}',
  '{"detail":"Request was throttled. Expected available in 25 seconds."}',
  '{"error_code":1015,"cloudflare_error":true,"retry_after":25}',
] as const;

/** What odd answers any source may meet, in the wild and not only by a change of its own. */
export function describeOddAnswers(contract: WholeContract): void {
  describeThrottling(contract);
  describeUnknownErrors(contract);
}

function describeThrottling({ source, endpoint, tickers, goodBodies }: WholeContract): void {
  it.each([200, 403, 429, 503])('is throttled by words in any form with status %i', (status) => {
    for (const body of THROTTLINGS) {
      const read = (): unknown =>
        readAnswer(source, tickers, { status, headers: { 'retry-after': '0' }, body }, { endpoint, nowMs: 0 });
      const retryAfterSeconds = body.includes('25') ? 25 : 0;
      expect(read).toThrow(expect.objectContaining({ kind: 'rate_limited', retryAfterSeconds }) as Error);
    }
  });

  it.each(goodBodies)(
    'is not throttled by such words beside the prices of $name',
    ({ body, tickers: asked, quotes }) => {
      const words = '"note":"Throttled: too many requests, error code: 1015"';
      if (quotes.length === 0 || !body.trimStart().startsWith('{')) return;
      const worded = body.replace('{', `{${words},`);
      expect(outcomeOf(source, worded, asked ?? tickers, endpoint)).toEqual({ quotes, unreadable: [] });
    },
  );
}

function describeUnknownErrors({ source, endpoint, tickers, errorBodies }: WholeContract): void {
  const isSaid = (body: string, status = 200): boolean =>
    source.explain?.(parseFixture(body), { status, headers: {}, body }, 0) !== undefined;
  const said = errorBodies.filter(({ body }) => isSaid(body));

  it('calls no error drift that it tells in its own form, whatever the words and codes', () => {
    for (const { body } of said) {
      for (const spoilt of [body, ...withUnknownWords(parseFixture(body))].filter((one) => isSaid(one))) {
        for (const status of [200, 400, 422]) {
          const read = (): unknown =>
            readAnswer(source, tickers, { status, headers: {}, body: spoilt }, { endpoint, nowMs: 0 });
          expect(read).toThrow(SourceError);
          expect(read).not.toThrow(expect.objectContaining({ kind: 'drift' }) as Error);
        }
      }
    }
  });
}

/** An error with every text in turn, and all of them, replaced by words that nobody knows. */
function withUnknownWords(root: Json): string[] {
  const texts = pathsOf(root).filter((path) => typeof valueAt(root, path) === 'string');
  const each = texts.map((path) => withValueAt(root, path, 'Zorp 7731 quux'));
  const all = texts.reduce<Json>((spoilt, path) => withValueAt(spoilt, path, 'EZorp:Quux 7731'), root);
  return [...each, all].map((spoilt) => writeJson(spoilt));
}
