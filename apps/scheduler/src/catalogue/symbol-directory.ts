import type { Logger } from '@app/observability';
import { nearestNames, parseTicker } from '@app/domain';
import {
  lacksKey,
  sourceByName,
  SourceError,
  type ListedName,
  type Source,
  type SourceAccesses,
  type SourceClient,
} from '@app/sources';
import type { TickerConfiguration } from '@app/storage';
import { batchesOf, unlistedIn, type AskedBatch } from './batch-ranks.js';
import type { TickerRequest } from './ticker-request.js';
import { CatalogueError } from './resolve-ticker.js';

/** How a symbol directory reaches the sources. */
export interface SymbolDirectoryOptions {
  readonly client: Pick<SourceClient, 'fetchNames'>;
  readonly access: SourceAccesses;
  readonly logger: Logger;
  readonly now: () => number;
  /** Counts the call against the source's month; resolves to false when none is left. */
  readonly spend: (source: Source, cost: number) => Promise<boolean>;
}

/** A list is asked for again after this long: sources list and drop coins every day. */
const KEPT_FOR_MS = 24 * 3_600_000;

/** A list that could not be had is asked for again after this long. */
const RETRY_AFTER_MS = 10 * 60_000;

/** The lists are long: CoinGecko's has about a megabyte. */
const TIMEOUT_MS = 10_000;

/** How many candidates an error tells. */
const MOST_NAMES_TOLD = 10;

/** How many nearest names an error tells. */
const MOST_NEAREST = 4;

interface KeptList {
  readonly names: ReadonlyMap<string, ListedName> | undefined;
  readonly untilMs: number;
}

/** What the sources themselves say they have: names are held against it, and looked up in it where the catalogue gives none. */
export class SymbolDirectory {
  private readonly lists = new Map<string, KeptList>();
  private readonly underWay = new Map<string, Promise<KeptList>>();
  private readonly unknown = new Map<string, ReadonlySet<string>>();

  constructor(private readonly options: SymbolDirectoryOptions) {}

  /**
   * Gives every source of a request its symbol for the ticker, and holds the symbols against the sources' lists. A source whose list
   * cannot be had is taken at its word.
   * @throws CatalogueError naming the candidates of an ambiguous symbol, or the nearest names of one that the source does not know.
   */
  async complete(request: TickerRequest): Promise<TickerRequest> {
    const faults: string[] = [];
    const sources = await Promise.all(
      request.sources.map(async (asked) => {
        const source = sourceByName(asked.source);
        const parts = parseTicker(request.ticker);
        if (source === undefined || parts === undefined) return asked;
        const name = asked.source_symbol ?? source.defaultSymbol(parts);
        const names = await this.namesOf(source);
        if (names === undefined) return asked;
        if (name !== undefined) {
          if (isListable(source, name) && !names.has(name))
            faults.push(unknownName(request.ticker, source, name, names));
          return asked;
        }
        const found = findBySymbol(request.ticker, source, parts, names);
        if (typeof found === 'string') {
          faults.push(found);
          return asked;
        }
        return { ...asked, source_symbol: found.name };
      }),
    );
    if (faults.length > 0) throw new CatalogueError(faults);
    return { ...request, sources };
  }

  /**
   * Holds the source symbols of a whole catalogue against the lists; never throws and keeps no ticker from being sampled: what is not known is
   * logged and shown, since a list may be wrong for an hour and a catalogue must not be lost over it.
   * @param batches what is asked for together: a source may leave some of it out that it gives to a call of its own.
   */
  async check(symbols: ReadonlyMap<string, ReadonlySet<string>>, batches: readonly AskedBatch[] = []): Promise<void> {
    for (const [name, asked] of symbols) {
      const source = sourceByName(name);
      const listed = source === undefined ? undefined : await this.namesOf(source);
      if (source === undefined || listed === undefined) continue;
      const missing = [...asked].filter((symbol) => isListable(source, symbol) && !listed.has(symbol));
      const unlisted = batches
        .filter((batch) => batch.source === source)
        .flatMap((batch) => unlistedIn(batch, listed, this.options.access[source.name]));
      this.unknown.set(source.name, new Set([...missing, ...unlisted.map(({ symbol }) => symbol)]));
      for (const { symbol, fault } of unlisted) {
        this.options.logger.error({ event: 'source_symbol_unlisted', source: name, source_symbol: symbol }, fault);
      }
      for (const symbol of missing) {
        this.options.logger.error(
          {
            event: 'source_symbol_unknown',
            source: source.name,
            source_symbol: symbol,
            nearest: nearestNames(symbol, listed.keys()),
          },
          'the source does not list this symbol: its samples will fail',
        );
      }
    }
  }

  /**
   * Holds the batches of a ticker against the lists: a symbol that a call for several never gives would never have a price.
   * @throws CatalogueError with the cure.
   */
  async checkBatches(ticker: string, configurations: readonly TickerConfiguration[]): Promise<void> {
    const faults: string[] = [];
    for (const batch of batchesOf(configurations)) {
      if (!batch.asked.some((asked) => asked.ticker === ticker)) continue;
      const names = await this.namesOf(batch.source);
      if (names === undefined) continue;
      faults.push(...unlistedIn(batch, names, this.options.access[batch.source.name]).map(({ fault }) => fault));
    }
    if (faults.length > 0) throw new CatalogueError(faults);
  }

  /** Symbols of the catalogue that the newest check did not find in what the source lists. */
  unknownSymbolsOf(source: string): string[] {
    return [...(this.unknown.get(source) ?? [])];
  }

  /** The source's list by name; undefined when it has none, or it cannot be had now. */
  async namesOf(source: Source): Promise<ReadonlyMap<string, ListedName> | undefined> {
    if (source.names === undefined || lacksKey(source, this.options.access[source.name])) return undefined;
    const kept = this.lists.get(source.name);
    if (kept !== undefined && kept.untilMs > this.options.now()) return kept.names;
    let asking = this.underWay.get(source.name);
    if (asking === undefined) {
      asking = this.ask(source, source.names.cost ?? 1).finally(() => this.underWay.delete(source.name));
      this.underWay.set(source.name, asking);
    }
    return (await asking).names;
  }

  private async ask(source: Source, cost: number): Promise<KeptList> {
    const { client, logger, now, spend } = this.options;
    try {
      if (!(await spend(source, cost)))
        throw new SourceError('rate_limited', source.name, 'no credits left this month');
      const listed = await client.fetchNames(source, { timeoutMs: TIMEOUT_MS });
      const names = listed && new Map(listed.map((one) => [one.name, one]));
      const kept = { names, untilMs: now() + KEPT_FOR_MS };
      this.lists.set(source.name, kept);
      return kept;
    } catch (error) {
      logger.warn(
        { event: 'names_unavailable', source: source.name, err: error },
        'the list of names could not be had',
      );
      const kept = { names: this.lists.get(source.name)?.names, untilMs: now() + RETRY_AFTER_MS };
      this.lists.set(source.name, kept);
      return kept;
    }
  }
}

/** Whether the source's list would hold a name of this kind at all. */
function isListable(source: Source, name: string): boolean {
  return source.names?.covers?.(name) ?? true;
}

/** The one name of a symbol, or the sentence that says why there is none. */
function findBySymbol(
  ticker: string,
  source: Source,
  { base, quote }: { readonly base: string; readonly quote: string },
  names: ReadonlyMap<string, ListedName>,
): ListedName | string {
  const candidates = [...names.values()].filter(
    (listed) => listed.symbol === base && (listed.quote === undefined || listed.quote === quote),
  );
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  if (candidates.length === 0) return unknownName(ticker, source, base, names);
  const said = candidates
    .slice(0, MOST_NAMES_TOLD)
    .map(({ name, title }) => (title === undefined ? name : `${name} (${title})`));
  const more = candidates.length > said.length ? ` and ${candidates.length - said.length} more` : '';
  return `${ticker}: ${candidates.length} names of ${source.name} have the symbol ${base}: ${said.join(', ')}${more}; give the one you mean as "source_symbol"`;
}

function unknownName(ticker: string, source: Source, name: string, names: ReadonlyMap<string, ListedName>): string {
  const nearest = nearestNames(name, names.keys(), MOST_NEAREST);
  const hint = nearest.length === 0 ? '' : `; nearest: ${nearest.join(', ')}`;
  return `${ticker}: ${source.name} does not list ${name}${hint}; give its symbol there as "source_symbol"`;
}
