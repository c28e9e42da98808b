import type { SourceErrorKind } from '@app/domain';
import { valueAt } from './drift.js';
import { saysRateLimit } from './error-words.js';
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
  if (isNoError(found)) return undefined;
  const words = oneLine(wordsOf(found));
  return new SourceError(kindOfWords(words) ?? 'drift', source, `error ${words}`);
}

/** Whether what stands in the place of an error says that there is none: nothing, null, false, an empty text, list or object, 0. */
export function isNoError(found: unknown): boolean {
  if (found === undefined || found === null || found === false || found === '') return true;
  return found instanceof WireNumber ? /^[-0.]+$/.test(found.text) : isEmpty(found);
}

/** What the words of an error mean, whoever says them; undefined when they say nothing. */
export function kindOfWords(words: string): SourceErrorKind | undefined {
  if (saysRateLimit(words)) return 'rate_limited';
  return KIND_OF_WORDS.find(([pattern]) => pattern.test(words))?.[1];
}

const KIND_OF_WORDS: readonly (readonly [RegExp, SourceErrorKind])[] = [
  [/quota/i, 'rate_limited'],
  [/\b(region|country|jurisdiction|location)\b/i, 'forbidden_region'],
  [/unauthori[sz]ed|forbidden|api.?key|(access|invalid) token|permission|subscription|credential/i, 'unauthorized'],
  [
    /not.?found|unknown|no.?such|does(n.t| not) exist|(not|un).?supported|(invalid|illegal|bad).?(symbol|pair|market|product|currency|coin|asset|instrument|ticker)|(symbol|pair|market|product|currency|coin|asset|instrument|ticker).{0,4} (is )?(invalid|illegal)/i,
    'not_found',
  ],
  [/time[d ]?.?out/i, 'timeout'],
  [/internal|unavailable|maintenance|temporar|try again|overload|busy/i, 'unavailable'],
];

/** What stands in the place of an error, as words. */
export function wordsOf(value: unknown): string {
  if (value instanceof WireNumber) return value.text;
  return typeof value === 'string' ? value : writeWire(value);
}

/** JSON in which a number is its digits. */
function writeWire(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => (member instanceof WireNumber ? member.text : member)) ?? '';
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
