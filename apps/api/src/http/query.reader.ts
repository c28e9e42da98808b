import { Injectable } from '@nestjs/common';
import { nearNames, unknownTickerFault } from '@app/domain';
import { invalidParameters, type ParameterError } from '@app/process/server';
import type { ListedTicker } from '@app/storage';
import type { Cursor } from './cursor.js';
import { contradictions, heldBy, type PagedQuestion } from './paged-question.js';
import { unknownTicker } from './problem.js';
import type { QueryParameter } from './query-parameters.js';
import { TickerDirectory } from '../tickers/ticker.directory.js';

/** A query as it came: a parameter that stands several times is a list. */
export type RawQuery = Readonly<Record<string, unknown>>;

type Parameters = Readonly<Record<string, QueryParameter<unknown>>>;

type Values<P extends Parameters> = {
  -readonly [Name in keyof P]: P[Name] extends QueryParameter<infer V> ? V : never;
};

type PagedParameters = Parameters & {
  readonly ticker: QueryParameter<string>;
  readonly cursor: QueryParameter<Cursor | undefined>;
};

/** What a text that is no cursor holds. */
const NOTHING_HELD = { held: undefined, fault: undefined };

/** More wrong parameters than this are not listed one by one. */
const MOST_ERRORS = 20;

/** Longest part of a wrong text that is repeated in an answer, in characters. */
const MAX_TOLD_LENGTH = 64;

/** Reads queries, and refuses a wrong one with a problem that names every wrong parameter at once. */
@Injectable()
export class QueryReader {
  constructor(private readonly directory: TickerDirectory) {}

  /** Reads a query without a ticker. @throws ProblemError */
  read<P extends Parameters>(parameters: P, query: RawQuery): Values<P> {
    const { values, errors } = parseQuery(parameters, query);
    if (errors.length > 0) throw invalidParameters(errors);
    return values as Values<P>;
  }

  /**
   * Reads a query whose `ticker` must be a known one.
   * @param check finds what is wrong between parameters; it sees those that are right by themselves.
   * @throws ProblemError 404 when only the ticker is unknown, else 400; DatabaseUnavailableError
   */
  async readWithTicker<P extends Parameters & { readonly ticker: QueryParameter<string> }>(
    parameters: P,
    query: RawQuery,
    check: (values: Partial<Values<P>>) => readonly ParameterError[],
  ): Promise<{ values: Values<P>; ticker: ListedTicker }> {
    const { values, errors } = parseQuery(parameters, query);
    errors.push(...check(values));
    const found = await this.findTicker(values['ticker'], errors);
    if (errors.length > 0 || found === undefined) throw invalidParameters(errors);
    return { values: values as Values<P>, ticker: found };
  }

  /**
   * Reads a query that may go on with an earlier one: what the cursor holds need not be given, and what is given must be the same.
   * @throws as {@link readWithTicker}
   */
  async readPaged<P extends PagedParameters>(
    question: PagedQuestion,
    parameters: P,
    query: RawQuery,
    check: (values: Partial<Values<P>>) => readonly ParameterError[],
  ): Promise<{ values: Values<P>; ticker: ListedTicker; position: number | undefined }> {
    if (query['cursor'] === undefined) {
      return { ...(await this.readWithTicker(parameters, query, check)), position: undefined };
    }
    const { values: given, errors: faults } = parseQuery(parameters, query);
    // The cursor holds the ticker; a wrong cursor is an error of its own.
    const errors = faults.filter(({ parameter }) => parameter !== 'ticker' || query['ticker'] !== undefined);
    const cursor = given['cursor'] as Cursor | undefined;
    const { held, fault } = cursor === undefined ? NOTHING_HELD : heldBy(question, parameters, cursor);
    if (fault !== undefined) errors.push(fault);
    const values = { ...given, ...held };
    const opposed = held === undefined ? [] : contradictions(question, query, given, held);
    errors.push(...(opposed.length > 0 ? opposed : check(values)));
    const found = await this.findTicker(values['ticker'], errors);
    if (errors.length > 0 || found === undefined) throw invalidParameters(errors);
    return { values: values as Values<P>, ticker: found, position: cursor?.position };
  }

  /** @returns undefined when there is no name to look for, or an error was added. */
  private async findTicker(name: unknown, errors: ParameterError[]): Promise<ListedTicker | undefined> {
    if (typeof name !== 'string') return undefined;
    const tickers = await this.allUnless(errors.length > 0);
    const found = tickers?.get(name);
    if (found !== undefined || tickers === undefined) return found;
    const error = { parameter: 'ticker', detail: unknownTickerFault(name, [...tickers.keys()]) };
    if (errors.length === 0) throw unknownTicker(error);
    errors.unshift(error);
    return undefined;
  }

  /** With the database away a query that is wrong anyway still gets the answer what is wrong with it. */
  private async allUnless(wrongAnyway: boolean): Promise<ReadonlyMap<string, ListedTicker> | undefined> {
    try {
      return await this.directory.all();
    } catch (error) {
      if (wrongAnyway) return undefined;
      throw error;
    }
  }
}

/** What is wrong between `from` and `to`. */
export function checkRange(from: number | undefined, to: number | undefined): ParameterError[] {
  if (from === undefined || to === undefined || from <= to) return [];
  return [{ parameter: 'from', detail: `${from} is after to ${to}` }];
}

function parseQuery<P extends Parameters>(
  parameters: P,
  query: RawQuery,
): { values: Partial<Values<P>>; errors: ParameterError[] } {
  const names = Object.keys(parameters);
  const errors: ParameterError[] = Object.keys(query)
    .filter((name) => !Object.hasOwn(parameters, name))
    .map((name) => ({
      parameter: said(name),
      detail: `is not a parameter here${suggestParameters(said(name), names)}`,
    }));
  const values: Partial<Record<string, unknown>> = {};
  for (const [name, parameter] of Object.entries(parameters)) {
    const result = parameter.schema.safeParse(query[name]);
    if (result.success) values[name] = result.data;
    else errors.push({ parameter: name, detail: result.error.issues[0]?.message ?? 'is wrong' });
  }
  return { values: values as Partial<Values<P>>, errors: errors.slice(0, MOST_ERRORS) };
}

function suggestParameters(wrong: string, known: readonly string[]): string {
  const near = nearNames(wrong, known);
  if (near.length > 0) return `: did you mean ${near.join(' or ')}?`;
  return known.length === 0 ? ': there is none' : `: there is ${known.join(', ')}`;
}

function said(text: string): string {
  return text.length <= MAX_TOLD_LENGTH ? text : `${text.slice(0, MAX_TOLD_LENGTH)}…`;
}
