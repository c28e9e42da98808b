import { type Source, SourceError, type SourceNames } from '../contract/index.js';
import type { FetchOptions, SourceClient } from './source-client.js';

/** How the lists are had. */
export interface ListedSymbolsOptions {
  readonly client: Pick<SourceClient, 'fetchNames'>;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
}

/** What one look-up works with. */
export interface ListLookUp extends FetchOptions {
  /** Counts the call against limit and month; false when it may not be made. Throws SourceError. */
  readonly take: (source: Source, cost: number) => Promise<boolean>;
  /** How old the list may be, in milliseconds; default {@link KEPT_FOR_MS}. */
  readonly maxAgeMs?: number | undefined;
}

/** A list is kept for so long, in milliseconds: sources drop symbols at any time. One that could not be had is not asked for meanwhile. */
const KEPT_FOR_MS = 3 * 60_000;

/** The sources' own lists of symbols, kept for some minutes, for whoever has to find out which symbol of a call is the wrong one. */
export class ListedSymbols {
  private readonly lists = new Map<
    string,
    { readonly names: ReadonlySet<string> | undefined; readonly atMs: number }
  >();

  /** Calls for lists that are under way: whoever else needs one of them waits for it. */
  private readonly coming = new Map<string, Promise<ReadonlySet<string> | undefined>>();

  constructor(private readonly options: ListedSymbolsOptions) {}

  /** Whether a look-up of a source needs a call. @param maxAgeMs how old the list may be. */
  needsCall(source: Source, maxAgeMs: number): boolean {
    const kept = this.lists.get(source.name);
    return kept === undefined || this.options.now() - kept.atMs >= maxAgeMs;
  }

  /**
   * Which of these symbols the source's list lacks.
   * @returns undefined when it has no list, or the list cannot be had now.
   * @throws SourceError of kind `rate_limited`: the source asks to be left alone, and no other call may follow.
   */
  async unlisted(
    source: Source,
    symbols: readonly string[],
    lookUp: ListLookUp,
  ): Promise<ReadonlySet<string> | undefined> {
    const names = await this.namesOf(source, lookUp);
    return names && new Set(symbols.filter((symbol) => (source.names?.covers?.(symbol) ?? true) && !names.has(symbol)));
  }

  /**
   * Which of these symbols the source's list has; undefined as for {@link unlisted}. A symbol that the list does not cover is in neither.
   * @throws SourceError of kind `rate_limited`.
   */
  async listed(
    source: Source,
    symbols: readonly string[],
    lookUp: ListLookUp,
  ): Promise<ReadonlySet<string> | undefined> {
    const names = await this.namesOf(source, lookUp);
    return names && new Set(symbols.filter((symbol) => names.has(symbol)));
  }

  private async namesOf(source: Source, lookUp: ListLookUp): Promise<ReadonlySet<string> | undefined> {
    if (source.names === undefined) return undefined;
    if (!this.needsCall(source, lookUp.maxAgeMs ?? KEPT_FOR_MS)) return this.lists.get(source.name)?.names;
    const coming = this.coming.get(source.name) ?? this.fetchNames(source, source.names, lookUp);
    this.coming.set(source.name, coming);
    try {
      return await coming;
    } finally {
      this.coming.delete(source.name);
    }
  }

  private async fetchNames(
    source: Source,
    { cost = 1 }: SourceNames,
    lookUp: ListLookUp,
  ): Promise<ReadonlySet<string> | undefined> {
    const { client, now } = this.options;
    let names: ReadonlySet<string> | undefined;
    let isMade = false;
    let limit: SourceError | undefined;
    try {
      if (!(await lookUp.take(source, cost))) return undefined;
      isMade = true;
      const listed = await client.fetchNames(source, lookUp);
      // A list with nothing in it is no list.
      if (listed !== undefined && listed.length > 0) names = new Set(listed.map(({ name }) => name));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      // No room for the call says nothing of the list: the next one may have it.
      if (!isMade) return undefined;
      if (error.kind === 'rate_limited') limit = error;
    }
    this.lists.set(source.name, { names, atMs: now() });
    if (limit !== undefined) throw limit;
    return names;
  }
}
