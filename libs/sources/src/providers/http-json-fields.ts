import { z } from 'zod';
import {
  type AnswerReader,
  type FieldNames,
  type FieldPath,
  isRenamed,
  type RequestedTicker,
  shortened,
  SourceError,
  valueAt,
  WireNumber,
  wireNumber,
  wireObject,
  wireText,
} from '../contract/index.js';
import type { HttpJsonDeclaration } from './http-json-declaration.js';
import { tellsSuccess } from './http-json-error.js';
import {
  fillIn,
  follow,
  isPlace,
  isPointer,
  namesCoin,
  type PathStep,
  stepInto,
  stepsOf,
  wireTextOf,
} from './http-json-path.js';

/** A part of an answer, and where it stands in it. */
interface Part {
  readonly value: unknown;
  readonly at: FieldPath;
}

/** What an identity names as the value of a field of which the name alone says whose the price is. */
export const ANY_VALUE = '*';

const TEXT_OR_NUMBER = z.union([wireText, wireNumber], 'expected a text or a number');
const LIST_OR_OBJECT = z.custom(
  (value) => typeof value === 'object' && value !== null && !(value instanceof WireNumber),
  'expected a list or an object',
);

/**
 * The part of an answer in which a declaration has its price: the whole of it, or the one row of a list that is of the ticker. It is
 * known to be of that ticker, as far as the declaration says how.
 */
export class DeclaredFields {
  private readonly part: Part;
  /** Where nothing follows from the coin, the names of the fields are what says whose the price is. */
  private readonly names: FieldNames;
  /** Whether the answer says whose the price is. */
  private readonly isNamed: boolean;

  /** @throws SourceError `drift` when the answer is of another ticker, or not of this one alone. */
  constructor(
    private readonly declaration: HttpJsonDeclaration,
    private readonly reader: AnswerReader,
    private readonly asked: RequestedTicker,
  ) {
    const whole: Part = { value: reader.json, at: [] };
    this.part = whole;
    const { url, price, rows, identity, success } = declaration;
    if (success !== undefined && !tellsSuccess(declaration, reader.json)) {
      throw this.drift(namesOf(stepsOf(success.path)), 'nothing there says whether the answer is a success');
    }
    const conditions = Object.entries(identity === undefined || identity === 'none' ? {} : identity);
    this.isNamed = conditions.length > 0 || namesCoin(price);
    this.names = [url, price, rows ?? '', ...conditions.flat()].some(namesCoin) ? 'near' : 'exact';
    // What chooses a row stands in it; a JSON pointer leads to what holds for the whole answer.
    const ofRow = rows === undefined ? [] : conditions.filter(([path]) => !isPointer(path));
    const ofAnswer = rows === undefined ? conditions : conditions.filter(([path]) => isPointer(path));
    for (const [path, template] of ofAnswer) this.checkIdentity(path, template);
    if (rows !== undefined) this.part = this.rowOf(this.take(rows, z.array(z.unknown())), rows, ofRow);
  }

  /** What stands at a declared path; undefined when nothing does. */
  find(path: string): unknown {
    return follow(this.beginningOf(path).value, stepsOf(path, this.asked));
  }

  /** What stands at a declared path, read by a schema. @throws SourceError `drift` when it is not there, or another than the schema says. */
  take<T>(path: string, schema: z.ZodType<T>): T {
    return this.takeSteps(this.beginningOf(path), stepsOf(path, this.asked), schema, this.names);
  }

  /** Whether a declared path leads to nothing or to null, and no other name looks like one of its own. */
  isLeftOut(path: string): boolean {
    const { price, identity } = this.declaration;
    const others = [price, ...Object.keys(typeof identity === 'object' ? identity : {})];
    const known = others.flatMap((other) => namesOf(stepsOf(other, this.asked)));
    let { value } = this.beginningOf(path);
    for (const step of stepsOf(path, this.asked)) {
      const next = stepInto(value, step);
      if (next === undefined) return step.isFilledIn || !isRenamed(value, step.name, known);
      if (next === null) return true;
      value = next;
    }
    return false;
  }

  /** With points a path begins at the row, as a JSON pointer at the answer. */
  private beginningOf(path: string): Part {
    return isPointer(path) ? { value: this.reader.json, at: [] } : this.part;
  }

  /**
   * Fields whose names are fixed are held against a schema, which finds them under another name. A place in a list, and a name that
   * follows from the ticker, are taken as they are: BTT instead of BTC is another coin and no drift.
   */
  private takeSteps<T>(part: Part, steps: readonly PathStep[], schema: z.ZodType<T>, fieldNames: FieldNames): T {
    const cut = steps.findIndex((step) => step.isFilledIn || isPlace(step));
    const step = steps[cut];
    if (step === undefined) return this.takeNames(part, namesOf(steps), schema, fieldNames);
    const names = namesOf(steps.slice(0, cut));
    const holder = this.takeNames(part, names, step.isFilledIn ? wireObject : LIST_OR_OBJECT, fieldNames);
    const at = [...part.at, ...names];
    if (isPlace(step)) this.checkPlaces(holder as object, at);
    const value = stepInto(holder, step);
    if (value === undefined) throw this.drift([...at, step.name], 'nothing stands there');
    return this.takeSteps({ value, at: [...at, step.name] }, steps.slice(cut + 1), schema, fieldNames);
  }

  private takeNames<T>({ value, at }: Part, names: FieldPath, schema: z.ZodType<T>, fieldNames: FieldNames): T {
    const nested = names.reduceRight<z.ZodType>((inner, name) => z.object({ [name]: inner }), schema);
    return valueAt(this.reader.shape(nested, value, at, fieldNames), names) as T;
  }

  /**
   * The first of several rows is not known to be the right one, nor is the first of several values where nothing names the coin. An
   * object whose names are all numbers is a list that was written as an object.
   */
  private checkPlaces(holder: object, at: FieldPath): void {
    const isList = Array.isArray(holder);
    if (this.declaration.by_position === true) {
      if (!isList) throw this.drift(at, 'expected a list');
      return;
    }
    if (!isList && !Object.keys(holder).every((name) => /^\d+$/.test(name))) return;
    const values = Object.values(holder).filter((value) => value !== null);
    const rows = values.filter((row) => typeof row === 'object' && !(row instanceof WireNumber));
    if (rows.length > 1) {
      const [what, cure] = isList ? ['list', '"rows"'] : ['object', '{source_symbol} in the path'];
      throw this.drift(
        at,
        `the ${what} has ${rows.length} rows, and the declaration does not say which one it means (${cure})`,
      );
    }
    if (isList && values.length > 1 && !this.isNamed) {
      throw this.drift(
        at,
        `there are ${values.length} values, and the declaration does not say that all are of one coin ("by_position")`,
      );
    }
  }

  /** Read under its own name alone, whatever is done about drift: what else stands there may say whose something else is. */
  private checkIdentity(path: string, template: string): void {
    const take = (schema: z.ZodType): unknown =>
      this.takeSteps(this.beginningOf(path), stepsOf(path, this.asked), schema, 'exact');
    if (template === ANY_VALUE) {
      take(z.unknown());
      return;
    }
    const found = wireTextOf(take(TEXT_OR_NUMBER));
    const expected = fillIn(template, this.asked);
    if (found === expected) return;
    const at = namesOf(stepsOf(path, this.asked));
    throw this.drift(at, `the answer is of ${JSON.stringify(found)} and not of ${JSON.stringify(expected)}`);
  }

  /** The one row that is of the ticker. */
  private rowOf(rows: readonly unknown[], path: string, identity: readonly (readonly [string, string])[]): Part {
    const conditions = identity.map(([field, template]) => ({
      steps: stepsOf(field, this.asked),
      expected: template === ANY_VALUE ? undefined : fillIn(template, this.asked),
    }));
    const isOurs = (row: unknown): boolean =>
      conditions.every(({ steps, expected }) => {
        const found = follow(row, steps);
        return expected === undefined ? found !== undefined && found !== null : wireTextOf(found) === expected;
      });
    const at = namesOf(stepsOf(path, this.asked));
    const places = rows.flatMap((row, place) => (isOurs(row) ? [place] : []));
    const [place, second] = places;
    if (second !== undefined) throw this.drift(at, `${this.asked.sourceSymbol} stands in rows ${place} and ${second}`);
    if (place !== undefined) return { value: rows[place], at: [...at, String(place)] };
    // A field that names the rows may have another name now: that is said of the first row without it.
    for (const { steps } of conditions) {
      const nameless = rows.findIndex((row) => follow(row, steps) === undefined);
      if (nameless !== -1) {
        this.takeSteps({ value: rows[nameless], at: [...at, String(nameless)] }, steps, TEXT_OR_NUMBER, 'exact');
      }
    }
    throw this.drift(at, `none of ${rows.length} rows is of ${this.asked.sourceSymbol}`);
  }

  private drift(field: FieldPath, problem: string): SourceError {
    const where = field.length === 0 ? 'the answer' : `field ${shortened(field.join('.'), 120)}`;
    const detail = `${where}: ${problem}`;
    return new SourceError('drift', this.reader.source, detail, { drift: { field, detail } });
  }
}

function namesOf(steps: readonly PathStep[]): string[] {
  return steps.map(({ name }) => name);
}
