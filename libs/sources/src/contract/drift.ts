import { distance } from 'fastest-levenshtein';
import type { z } from 'zod';
import type { FieldPath } from './drifted-field.js';
import { MAX_NUMBER_LENGTH, WireNumber } from './read-json.js';

/** What is done about a field that has drifted: the answer is rejected, or the field that looks like it is read instead. */
export const DRIFT_POLICIES = ['reject', 'map'] as const;
/** One of {@link DRIFT_POLICIES}. */
export type DriftPolicy = (typeof DRIFT_POLICIES)[number];

/** How many values of an answer are looked at in search of a field that has moved. */
const MAX_VALUES_SEARCHED = 5_000;

const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/;

/** A name that only begins like another is spoken of from so many letters on. */
const MIN_COMMON_LETTERS = 4;

/**
 * Finds the field that took the place of one that is missing or has another type: the same field retyped (a number as text, a text as
 * a number), one beside it with nearly the same name, or one of the same name further up or down. One in another branch is that of
 * another coin or currency.
 */
export function findNear(root: unknown, field: FieldPath, known: ReadonlySet<string>): FieldPath | undefined {
  const name = field.at(-1);
  if (name === undefined) return undefined;
  if (isRetyped(valueAt(root, field))) return field;
  // What is there, with a type of no use, was not renamed: BTT beside it is another coin, however near its name is to BTC.
  if (valueAt(root, field) !== undefined) return undefined;
  const beside = valueAt(root, field.slice(0, -1));
  const neighbour = isObject(beside) ? nearestName(name, Object.keys(beside), known) : undefined;
  if (neighbour !== undefined) return [...field.slice(0, -1), neighbour];
  return findElsewhere(root, field);
}

/**
 * The one field beside a missing one of which one name begins with the other, `last_price` for `last`. It is named to people and never
 * read in the other's place: so does `price_change` begin with `price`.
 */
export function findAlike(root: unknown, field: FieldPath, known: ReadonlySet<string>): FieldPath | undefined {
  const name = plainName(field.at(-1) ?? '');
  const beside = valueAt(root, field.slice(0, -1));
  if (!isObject(beside) || valueAt(root, field) !== undefined) return undefined;
  const alike = Object.keys(beside).filter(
    (candidate) => !known.has(candidate) && beginsLike(plainName(candidate), name),
  );
  return alike.length === 1 ? [...field.slice(0, -1), alike[0] ?? ''] : undefined;
}

/**
 * Whether a field that may be left out stands in an object under another name. To take that for its absence would silently do without
 * it: a price without a time is never stale.
 */
export function isRenamed(value: unknown, name: string, known: readonly string[]): boolean {
  if (valueAt(value, [name]) !== undefined) return false;
  const names = new Set(known);
  return findNear(value, [name], names) !== undefined || findAlike(value, [name], names) !== undefined;
}

/** The value at a path with the type that is the other one of text and number; undefined when there is none. */
export function retyped(value: unknown): unknown {
  if (value instanceof WireNumber) return value.text;
  if (typeof value === 'string' && value.length <= MAX_NUMBER_LENGTH && DECIMAL.test(value))
    return new WireNumber(value);
  return undefined;
}

/** What stands at a path; undefined when nothing does. Never what an object inherits. */
export function valueAt(root: unknown, path: FieldPath): unknown {
  let current = root;
  for (const step of path) {
    if (typeof current !== 'object' || current === null || current instanceof WireNumber) return undefined;
    if (!Object.hasOwn(current, step)) return undefined;
    current = (current as Record<string, unknown>)[step];
  }
  return current;
}

/** The fields that an object schema knows, so that none of them is taken for another one. */
export function knownFields(schema: z.ZodType | undefined, path: FieldPath): ReadonlySet<string> {
  let current: unknown = schema;
  for (const step of path.slice(0, -1)) {
    const { shape, element, valueType } = current as {
      shape?: Record<string, unknown>;
      element?: unknown;
      valueType?: unknown;
    };
    current = shape?.[step] ?? element ?? valueType;
    if (current === undefined) return new Set();
  }
  return new Set(Object.keys((current as { shape?: Record<string, unknown> } | undefined)?.shape ?? {}));
}

function isRetyped(value: unknown): boolean {
  return retyped(value) !== undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof WireNumber);
}

/** The name that is at most a third of its length away, if one is nearer than all others. */
function nearestName(name: string, names: readonly string[], known: ReadonlySet<string>): string | undefined {
  const limit = Math.max(1, Math.floor(name.length / 3));
  const near = names
    .filter((candidate) => candidate !== name && !known.has(candidate))
    .map((candidate) => ({ candidate, away: distance(plainName(name), plainName(candidate)) }))
    .filter(({ away }) => away <= limit)
    .sort((left, right) => left.away - right.away);
  // Two that are equally near are a guess.
  return near[0] !== undefined && near[0].away !== near[1]?.away ? near[0].candidate : undefined;
}

/** `lastPrice`, `last_price` and `LastPrice` are one name. */
function plainName(name: string): string {
  return name.toLowerCase().replace(/[_\-\s]/g, '');
}

function beginsLike(left: string, right: string): boolean {
  return (
    Math.min(left.length, right.length) >= MIN_COMMON_LETTERS && (left.startsWith(right) || right.startsWith(left))
  );
}

/** Whether one path leads on from the other. */
function isOneLine(left: FieldPath, right: FieldPath): boolean {
  const length = Math.min(left.length, right.length);
  return left.slice(0, length).every((step, depth) => step === right[depth]);
}

/** The one place above or below where a field of this name stands; undefined when there is none, or more than one. */
function findElsewhere(root: unknown, field: FieldPath): FieldPath | undefined {
  const [name, parent] = [field.at(-1), field.slice(0, -1)];
  const found: FieldPath[] = [];
  const queue: { value: unknown; path: FieldPath }[] = [{ value: root, path: [] }];
  for (let looked = 0; looked < Math.min(queue.length, MAX_VALUES_SEARCHED); looked += 1) {
    const { value, path } = queue[looked] as { value: unknown; path: FieldPath };
    if (!isObject(value)) continue;
    for (const key of Object.keys(value)) {
      const at = [...path, key];
      if (key === name && !isObject(value[key]) && isOneLine(path, parent)) found.push(at);
      queue.push({ value: value[key], path: at });
    }
  }
  return found.length === 1 ? found[0] : undefined;
}
