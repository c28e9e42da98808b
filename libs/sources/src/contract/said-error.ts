import type { SourceErrorKind } from '@app/domain';
import { valueAt } from './drift.js';
import type { FieldPath } from './drifted-field.js';
import { oneLine, WireNumber } from './read-json.js';
import { SourceError } from './source-error.js';

/**
 * The error that an answer holds at a place of its own, by the words that most APIs use, whoever they are. Whatever stands there is an
 * error, unless it says that there is none: null, false, an empty text, list or object, 0.
 * @param source name of the source.
 * @param json the answer; undefined when it is no JSON.
 * @param path where the words stand: `['error', 'message']`.
 * @returns undefined when nothing stands there; kind `drift` for words that say nothing.
 */
export function saidError(source: string, json: unknown, path: FieldPath): SourceError | undefined {
  const found = valueAt(json, path);
  if (found === undefined || found === null || found === false || found === '') return undefined;
  if (found instanceof WireNumber ? /^[-0.]+$/.test(found.text) : isEmpty(found)) return undefined;
  const words = oneLine(wordsOf(found));
  const kind = KIND_OF_WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? 'drift';
  return new SourceError(kind, source, `error ${words}`);
}

const KIND_OF_WORDS: readonly (readonly [RegExp, SourceErrorKind])[] = [
  [/rate.?limit|too many|throttl|quota|limit (reached|exceeded)/i, 'rate_limited'],
  [/\b(region|country|jurisdiction|location)\b/i, 'forbidden_region'],
  [/unauthori[sz]ed|forbidden|api.?key|(access|invalid) token|permission|subscription|credential/i, 'unauthorized'],
  [/not.?found|unknown|no such|does not exist|invalid (symbol|pair|market|product|currency|coin|asset)/i, 'not_found'],
  [/time[d ]?.?out/i, 'timeout'],
  [/internal|unavailable|maintenance|temporar|try again|overload/i, 'unavailable'],
];

function wordsOf(value: unknown): string {
  if (value instanceof WireNumber) return value.text;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
