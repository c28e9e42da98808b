import type { Quote } from '@app/domain';
import type { z } from 'zod';
import { type DriftPolicy, findAlike, findNear, knownFields, retyped, valueAt } from './drift.js';
import type { Drift, FieldPath } from './drifted-field.js';
import { NoNumber, shortened, WireNumber } from './read-json.js';
import { SourceError } from './source-error.js';
import type { RequestedTicker, SourceReading } from './source-message.js';

/** How many drifted fields of one value are read under another name before it is given up. */
const MAX_MAPPED_FIELDS = 4;

/** Thrown where a value is needed that is no JSON, see {@link NoNumber}; it concerns the ticker alone whose value it is. */
class NoNumberError extends SourceError {}

/**
 * Under which names the fields of a schema are looked for, where drift is mapped at all: `near` ones too, or `exact` alone, so that
 * nothing but a number as text, or a text as number, is mended.
 */
export type FieldNames = 'near' | 'exact';

/** Reads one answer of a source: holds its parts against their schemas, and keeps what had drifted. */
export class AnswerReader {
  private readonly found: Drift[] = [];
  private mappedNow: string[] = [];

  constructor(
    /** Name of the source. */
    readonly source: string,
    /** The whole answer, with every number as a {@link WireNumber}. */
    readonly json: unknown,
    private readonly policy: DriftPolicy = 'reject',
  ) {}

  /** Every field that had drifted, mapped or not. */
  get drifts(): readonly Drift[] {
    return this.found;
  }

  /**
   * Holds a value of the answer against a schema.
   * @param at where the value stands in the answer; default: the whole of it.
   * @param names `exact` where a name says whose the value is. Default: `near`.
   * @throws SourceError `drift`, naming the first field that differs from the source's contract and the one that looks like it;
   * `malformed` when what stands there is no JSON.
   */
  shape<T>(schema: z.ZodType<T>, value: unknown = this.json, at: FieldPath = [], names: FieldNames = 'near'): T {
    let current = value;
    for (let mapped = 0; ; mapped += 1) {
      const result = schema.safeParse(current);
      if (result.success) return result.data;
      this.checkIsValue(result.error, current, at);
      const drift = this.describe(schema, result.error, current, at);
      this.found.push(drift);
      const isMapped = this.policy === 'map' && mapped < MAX_MAPPED_FIELDS && (names === 'near' || isRetyping(drift));
      const repaired = isMapped ? repair(current, drift, at, this.json) : undefined;
      if (repaired === undefined) throw this.error(drift);
      this.mappedNow.push(`${drift.field.join('.')} from ${(drift.near ?? []).join('.')}`);
      current = repaired;
    }
  }

  /**
   * Reads each ticker by itself, so that one that cannot be read leaves the others.
   * @param read gives undefined for a ticker that the answer leaves out.
   * @throws SourceError the first drift, when every ticker that is there had drifted.
   */
  each(tickers: readonly RequestedTicker[], read: (asked: RequestedTicker) => Quote | undefined): SourceReading[] {
    const outer = this.mappedNow;
    const readings: SourceReading[] = [];
    let first: SourceError | undefined;
    for (const asked of tickers) {
      this.mappedNow = [...outer];
      try {
        const quote = read(asked);
        if (quote !== undefined)
          readings.push(this.mappedNow.length === 0 ? quote : { ...quote, mapped: this.mappedNow });
      } catch (error) {
        const isMissing = error instanceof NoNumberError;
        if (!(error instanceof SourceError) || (error.kind !== 'drift' && !isMissing)) throw error;
        if (!isMissing) first ??= error;
        readings.push({ ticker: asked.ticker, rejected: isMissing ? 'not_a_decimal' : 'drift', detail: error.detail });
      }
    }
    this.mappedNow = outer;
    if (first !== undefined && readings.every((reading) => 'rejected' in reading && reading.rejected === 'drift'))
      throw first;
    return readings;
  }

  /** @throws NoNumberError */
  private checkIsValue(error: z.ZodError, value: unknown, at: FieldPath): void {
    const inside = (error.issues[0]?.path ?? []).map(String);
    const found = valueAt(value, inside);
    if (!(found instanceof NoNumber)) return;
    const field = [...at, ...inside];
    const where = field.length === 0 ? 'the answer' : `field ${nameOf(field)}`;
    const what = found.text === '' ? 'holds nothing' : `holds ${found.text}, which is no number`;
    throw new NoNumberError('malformed', this.source, `${where}: ${what}`);
  }

  private describe(schema: z.ZodType, error: z.ZodError, value: unknown, at: FieldPath): Drift {
    const issue = error.issues[0];
    const inside = (issue?.path ?? []).map(String);
    const field = [...at, ...inside];
    const problem = issue?.code === 'custom' ? issue.message : `expected ${expectedType(issue)}`;
    const where = field.length === 0 ? 'the answer' : `field ${nameOf(field)}`;
    const near =
      inside.length === 0 && at.length === 0
        ? undefined
        : nearOf(knownFields(schema, inside), { value, inside }, { value: this.json, at });
    const hint = hintOf(field, near, near === undefined ? alikeOf(schema, inside, value, at) : undefined);
    return { field, near, detail: `${where}: ${problem}, found ${describeType(valueAt(value, inside))}${hint}` };
  }

  private error(drift: Drift): SourceError {
    return new SourceError('drift', this.source, drift.detail, { drift });
  }
}

/** Looks in the value first, whose own lists the search from the root cannot enter; then above it, for a field that moved out. */
function nearOf(
  known: ReturnType<typeof knownFields>,
  { value, inside }: { readonly value: unknown; readonly inside: FieldPath },
  root: { readonly value: unknown; readonly at: FieldPath },
): FieldPath | undefined {
  const within = inside.length === 0 ? undefined : findNear(value, inside, known);
  return within === undefined ? findNear(root.value, [...root.at, ...inside], known) : [...root.at, ...within];
}

function alikeOf(schema: z.ZodType, inside: FieldPath, value: unknown, at: FieldPath): FieldPath | undefined {
  const alike = inside.length === 0 ? undefined : findAlike(value, inside, knownFields(schema, inside));
  return alike === undefined ? undefined : [...at, ...alike];
}

function hintOf(field: FieldPath, near: FieldPath | undefined, alike: FieldPath | undefined): string {
  if (near !== undefined) return near.join('.') === field.join('.') ? '' : `; ${nameOf(near)} looks like it`;
  return alike === undefined ? '' : `; perhaps it is ${nameOf(alike)}`;
}

function nameOf(path: FieldPath): string {
  return shortened(path.join('.'), 120);
}

/** The value with the field that looks like the missing one put in its place; undefined when there is none. */
function repair(value: unknown, drift: Drift, at: FieldPath, root: unknown): unknown {
  const { near, field } = drift;
  if (near === undefined) return undefined;
  const inside = field.slice(at.length);
  const isWithin = at.every((step, depth) => near[depth] === step);
  // What stands above several rows is not that of each of them.
  if (!isWithin && isOneOfSeveral(root, at)) return undefined;
  const there = isWithin ? valueAt(value, near.slice(at.length)) : valueAt(root, near);
  const found = isRetyping(drift) ? retyped(there) : there;
  return found === undefined ? undefined : withValueAt(value, inside, found);
}

/** Whether the field itself is there, with the other type of text and number. */
function isRetyping({ near, field }: Drift): boolean {
  return near?.join('.') === field.join('.');
}

/** Whether more than one object or list stands beside what is at a path, itself included. */
function isOneOfSeveral(root: unknown, at: FieldPath): boolean {
  const container = valueAt(root, at.slice(0, -1));
  if (typeof container !== 'object' || container === null) return false;
  const rows = Object.values(container).filter(
    (row) => typeof row === 'object' && row !== null && !(row instanceof WireNumber),
  );
  return rows.length > 1;
}

/** A copy with another value at the path; undefined when the path leads through something that is no object or list. */
function withValueAt(value: unknown, path: FieldPath, replacement: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return replacement;
  if (Array.isArray(value)) {
    const copy = [...(value as unknown[])];
    copy[Number(step)] = withValueAt(copy[Number(step)], rest, replacement);
    return copy;
  }
  if (typeof value !== 'object' || value === null || value instanceof WireNumber || step === '__proto__')
    return undefined;
  const record = value as Record<string, unknown>;
  return { ...record, [step]: withValueAt(Object.hasOwn(record, step) ? record[step] : {}, rest, replacement) };
}

function expectedType(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code !== 'invalid_type') return 'another value';
  return issue.expected === 'nonoptional' ? 'a value' : `a value of type ${issue.expected}`;
}

function describeType(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value instanceof WireNumber) return 'a number';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
