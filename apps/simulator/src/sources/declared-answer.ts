import { plainDecimal } from '@app/domain';
import {
  ANY_VALUE,
  fillIn,
  type HttpJsonDeclaration,
  isPlace,
  isPointer,
  namesCoin,
  type PathStep,
  type RequestedTicker,
  stepsOf,
} from '@app/sources';
import type { PriceWriter } from './price-writer.js';
import type { WireForm } from './simulated-source.js';

/** A ticker as a declared source is asked for it, and what its price there is. */
export interface ListedTicker extends RequestedTicker {
  readonly form: WireForm;
}

/** The answer that a declaration describes, as JSON. @param listed one ticker; several where the answer {@link isOfSeveral}. */
export function declaredAnswer(
  declaration: HttpJsonDeclaration,
  listed: readonly ListedTicker[],
  writer: PriceWriter,
): string {
  const answer = new Answer();
  const { rows, success } = declaration;
  if (success?.is !== undefined) answer.put(stepsOf(success.path), JSON.stringify(success.is[0]));
  const kept = new Set(writer.kept(listed.map(({ sourceSymbol }) => sourceSymbol)));
  const own = distinct(
    declaration,
    listed.filter(({ sourceSymbol }) => kept.has(sourceSymbol)),
  );
  if (rows === undefined) {
    for (const one of own) putTicker({ declaration, answer, writer }, one, []);
    return answer.text();
  }
  const [first = { ticker: '', sourceSymbol: '' }] = listed;
  const list = stepsOf(rows, first);
  if (own.length === 0) answer.put(list, '[]');
  for (const [place, one] of own.entries()) {
    putTicker({ declaration, answer, writer }, one, [...list, { name: String(place), isFilledIn: false }]);
  }
  return answer.text();
}

/** Those that have a place of their own in one answer: rows that say the same of themselves would be one too many. */
function distinct(declaration: HttpJsonDeclaration, listed: readonly ListedTicker[]): readonly ListedTicker[] {
  const placeOf = (one: ListedTicker): string =>
    declaration.rows === undefined
      ? fillIn(declaration.price, one)
      : identityOf(declaration, one)
          .flatMap((field) => field)
          .join(' ');
  return [...new Map(listed.toReversed().map((one) => [placeOf(one), one])).values()].toReversed();
}

/** Whether one answer has the prices of several tickers. */
export function isOfSeveral({ rows, price, identity }: HttpJsonDeclaration): boolean {
  const said = typeof identity === 'object' ? Object.entries(identity).flat() : [];
  return rows !== undefined || (namesCoin(price) && !said.some(namesCoin));
}

/** What a declaration takes for an error: words that are read as what the status says. */
export function declaredRefusal({ error, success }: HttpJsonDeclaration, status: number): string {
  const words = WORDS_OF_STATUS[status] ?? `error ${status}`;
  const answer = new Answer();
  if (success !== undefined) answer.put(stepsOf(success.path), JSON.stringify(failureOf(success)));
  if (error !== undefined) answer.put(stepsOf(error), JSON.stringify(words));
  return answer.text();
}

const WORDS_OF_STATUS: Readonly<Record<number, string>> = {
  401: 'API key required',
  404: 'not found',
  429: 'too many requests',
};

/** A value that tells no success, of the type of one that does. */
function failureOf({ is, is_not: isNot }: NonNullable<HttpJsonDeclaration['success']>): string | number | boolean {
  if (is === undefined) return isNot?.[0] ?? 'error';
  if (typeof is[0] === 'boolean') return !is[0];
  return typeof is[0] === 'number' ? Math.max(0, ...is.filter((value) => typeof value === 'number')) + 1 : 'error';
}

interface Writing {
  readonly declaration: HttpJsonDeclaration;
  readonly answer: Answer;
  readonly writer: PriceWriter;
}

/** Writes what is said of one ticker. @param row where its row stands; paths with points begin there. */
function putTicker({ declaration, answer, writer }: Writing, listed: ListedTicker, row: readonly PathStep[]): void {
  const { price: pricePath, price_as: type = 'number', time, scale = 0 } = declaration;
  const { sourceSymbol, form } = listed;
  const at = (path: string): readonly PathStep[] =>
    isPointer(path) ? stepsOf(path, listed) : [...row, ...stepsOf(path, listed)];
  for (const [path, value] of identityOf(declaration, listed)) answer.put(at(path), JSON.stringify(value));
  const text = writer.text(sourceSymbol, form.ticker, { inverted: form.inverted === true });
  const digits = scale === 0 ? text : (plainDecimal(`${text}e${scale}`) ?? text);
  const steps = at(pricePath);
  const last = steps.at(-1);
  // A place in a list has no name that could be misspelt, nor has an answer that is a number alone.
  const isNamed = last !== undefined && steps.length > row.length && !isPlace(last);
  const written = isNamed ? [...steps.slice(0, -1), { ...last, name: writer.field(last.name, sourceSymbol) }] : steps;
  answer.put(written, writer.value(sourceSymbol, digits, type === 'text' ? 'string' : 'number'));
  if (time !== undefined) answer.put(at(time), timeText(declaration, writer));
}

function identityOf({ identity }: HttpJsonDeclaration, listed: ListedTicker): (readonly [string, string])[] {
  if (identity === undefined || identity === 'none') return [];
  return Object.entries(identity).map(([path, template]) => [
    path,
    template === ANY_VALUE ? '1' : fillIn(template, listed),
  ]);
}

function timeText({ time_unit: unit = 'seconds' }: HttpJsonDeclaration, writer: PriceWriter): string {
  const milliseconds = Math.floor(writer.clockMs);
  switch (unit) {
    case 'iso':
      return JSON.stringify(new Date(milliseconds).toISOString());
    case 'nanoseconds':
      return `${milliseconds}000000`;
    case 'microseconds':
      return `${milliseconds}000`;
    case 'milliseconds':
      return String(milliseconds);
    case 'seconds':
      return String(writer.second);
  }
}

/** An object or list that is being written: its members by their names or places, each with the step that leads to it. */
type Branch = Map<string, { readonly step: PathStep; value: Branch | string }>;

/** An answer that is being written. */
class Answer {
  private root: Branch | string = new Map();

  /** Puts a JSON text at a path. */
  put(path: readonly PathStep[], text: string): void {
    this.root = withText(this.root, path, text);
  }

  text(): string {
    return written(this.root);
  }
}

function withText(
  value: Branch | string | undefined,
  [step, ...rest]: readonly PathStep[],
  text: string,
): Branch | string {
  if (step === undefined) return text;
  const branch: Branch =
    typeof value === 'object' ? value : new Map<string, { step: PathStep; value: Branch | string }>();
  branch.set(step.name, { step, value: withText(branch.get(step.name)?.value, rest, text) });
  return branch;
}

function written(value: Branch | string | undefined): string {
  if (value === undefined) return 'null';
  if (typeof value === 'string') return value;
  const members = [...value];
  if (members.length === 0 || !members.every(([, { step }]) => isPlace(step))) {
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${written(member.value)}`).join(',')}}`;
  }
  const length = Math.max(...members.map(([name]) => Number(name))) + 1;
  return `[${Array.from({ length }, (_, place) => written(value.get(String(place))?.value)).join(',')}]`;
}
