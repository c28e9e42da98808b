import { kindOfWords, isNoError, oneLine, SourceError, waitInWords, WireNumber, wordsOf } from '../contract/index.js';
import type { HttpJsonDeclaration } from './http-json-declaration.js';
import { follow, stepsOf } from './http-json-path.js';

/** A value that tells success, as a declaration writes it. */
export type SuccessValue = string | number | boolean;

/**
 * The error that an answer of a declared source holds; undefined when it holds none. Where the declaration says how success is told,
 * that alone decides; else whatever stands in the place of the error is one.
 * @param json undefined when it is no JSON.
 */
export function declaredError(
  { name, success, error }: HttpJsonDeclaration,
  json: unknown,
  nowMs: number,
): SourceError | undefined {
  const found = error === undefined ? undefined : follow(json, stepsOf(error));
  const words = isNoError(found) ? '' : oneLine(wordsOf(found));
  if (success === undefined) return words === '' ? undefined : said(name, { words, otherwise: 'drift' }, nowMs);
  const text = textOf(follow(json, stepsOf(success.path)));
  const { is = [], is_not: isNot = [] } = success;
  // An answer without the field, or with something else in its place, does not say that it is an error: it has drifted, unless there are
  // words of an error, which have to be understood where the field alone tells success.
  if (text === undefined) {
    const isError = words !== '' && (success.is === undefined || kindOfWords(words) !== undefined);
    return isError ? said(name, { words, otherwise: 'drift' }, nowMs) : undefined;
  }
  const isSuccess = success.is === undefined ? !holds(isNot, text) : holds(is, text);
  if (isSuccess) return undefined;
  const sentence = words === '' || words === text ? oneLine(text) : `${oneLine(text)} ${words}`;
  // It is understood that the source refuses, if not why.
  return said(name, { words: sentence, otherwise: 'unavailable' }, nowMs);
}

/** Whether an answer says if it is a success, as the declaration asks it to. */
export function tellsSuccess({ success }: HttpJsonDeclaration, json: unknown): boolean {
  return success?.is === undefined || textOf(follow(json, stepsOf(success.path))) !== undefined;
}

/** @param otherwise the kind of words that say nothing. */
function said(
  source: string,
  { words, otherwise }: { readonly words: string; readonly otherwise: 'drift' | 'unavailable' },
  nowMs: number,
): SourceError {
  const kind = kindOfWords(words) ?? otherwise;
  const retryAfterSeconds = kind === 'rate_limited' ? waitInWords(words, nowMs) : undefined;
  return new SourceError(kind, source, `error ${words}`, { retryAfterSeconds });
}

function textOf(value: unknown): string | undefined {
  if (value instanceof WireNumber) return value.text;
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}

/** YAML reads `00000` as the number 0, so a number is compared as one. */
function holds(values: readonly SuccessValue[], text: string): boolean {
  return values.some((value) =>
    typeof value === 'number' ? /^-?\d+(\.\d+)?$/.test(text) && Number(text) === value : String(value) === text,
  );
}
