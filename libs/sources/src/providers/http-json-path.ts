import { parseTicker } from '@app/domain';
import { type RequestedTicker, WireNumber } from '../contract/index.js';

/** What can stand in braces in an address, a path or a symbol. */
export const PLACEHOLDERS = ['ticker', 'source_symbol', 'SOURCE_SYMBOL', 'base', 'quote', 'BASE', 'QUOTE'] as const;

/** Those of them that say which coin is meant: `usd` alone is the currency of many. */
const COIN_PLACEHOLDERS: ReadonlySet<string> = new Set(['ticker', 'source_symbol', 'SOURCE_SYMBOL', 'base', 'BASE']);

/** Those that say in which currency, whatever the source calls the ticker. */
const QUOTE_PLACEHOLDERS: ReadonlySet<string> = new Set(['ticker', 'quote', 'QUOTE']);

/** The path of the whole answer, or of the whole row. */
export const WHOLE = '.';

/** One step of a declared path. */
export interface PathStep {
  readonly name: string;
  /** It follows from the ticker: the name of a field, also when it is a number, and never a place in a list. */
  readonly isFilledIn: boolean;
}

/** Whether a path is a JSON pointer, which begins at the answer and never at a row of it. */
export function isPointer(path: string): boolean {
  return path.startsWith('/');
}

/** Steps of a declared path, which is written with points or as a JSON pointer; placeholders are filled in afterwards, step by step. */
export function stepsOf(path: string, asked?: RequestedTicker): readonly PathStep[] {
  if (path === WHOLE) return [];
  const names = isPointer(path)
    ? path
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : path.split('.');
  return names.map((name) => ({
    name: asked === undefined ? name : fillIn(name, asked),
    isFilledIn: /\{\w+\}/.test(name),
  }));
}

/** Whether a step is a place in a list, where a list stands: `0`, `12`. */
export function isPlace({ name, isFilledIn }: PathStep): boolean {
  return !isFilledIn && /^(0|[1-9]\d{0,4})$/.test(name);
}

/** What one step leads to: a field of an object, a place in a list; undefined when nothing stands there. */
export function stepInto(value: unknown, step: PathStep): unknown {
  if (typeof value !== 'object' || value === null || value instanceof WireNumber) return undefined;
  if (Array.isArray(value)) return isPlace(step) ? (value as readonly unknown[])[Number(step.name)] : undefined;
  return Object.hasOwn(value, step.name) ? (value as Record<string, unknown>)[step.name] : undefined;
}

/** What stands at a path; undefined when nothing does. */
export function follow(value: unknown, steps: readonly PathStep[]): unknown {
  return steps.reduce(stepInto, value);
}

/** A text with its placeholders filled in. @param encode is done to each value. */
export function fillIn(
  template: string,
  { ticker, sourceSymbol }: RequestedTicker,
  encode = (text: string) => text,
): string {
  const { base = '', quote = '' } = parseTicker(ticker) ?? {};
  const values: Readonly<Record<string, string>> = {
    ticker,
    source_symbol: sourceSymbol,
    SOURCE_SYMBOL: sourceSymbol.toUpperCase(),
    base,
    quote,
    BASE: base.toUpperCase(),
    QUOTE: quote.toUpperCase(),
  } satisfies Record<(typeof PLACEHOLDERS)[number], string>;
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => encode(values[name] ?? whole));
}

/** The names in braces of a text. */
export function placeholdersIn(template: string): string[] {
  return [...template.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);
}

/** Whether a text follows from the coin that is asked for. */
export function namesCoin(template: string): boolean {
  return placeholdersIn(template).some((name) => COIN_PLACEHOLDERS.has(name));
}

/** Whether a text follows from the currency that is asked for, without help from what the source calls the ticker. */
export function namesQuote(template: string): boolean {
  return placeholdersIn(template).some((name) => QUOTE_PLACEHOLDERS.has(name));
}

/** The text of a number or a text of an answer; undefined for anything else. */
export function wireTextOf(value: unknown): string | undefined {
  if (value instanceof WireNumber) return value.text;
  return typeof value === 'string' ? value : undefined;
}
