import { isStablecoinToDollar, MIN_INTERVAL_FOR_RETRIES_SECONDS, nearestNames, rateTickerOf } from '@app/domain';
import { Inject, Injectable } from '@nestjs/common';
import { lacksKey, SOURCES, type Source, type SourceAccesses } from '@app/sources';
import { AssetLinkReader, type RankedAsset } from '@app/storage';
import { strictFields } from '@app/yaml-file';
import { z } from 'zod';
import { SOURCE_ACCESSES, STABLECOINS_AT_PAR } from '../tokens.js';
import { CatalogueService } from './catalogue.service.js';
import { CatalogueError } from './resolve-ticker.js';
import type { SourceCost } from './source-load.js';
import { SymbolDirectory } from './symbol-directory.js';
import { MAX_INTERVAL_SECONDS } from './ticker-request.js';
import { topTickers, type AskedSource, type TopTickers } from './top-tickers.js';

const MAX_TOP = 500;

const WRONG_INTERVAL = `must be a whole number of seconds, ${MIN_INTERVAL_FOR_RETRIES_SECONDS} to ${MAX_INTERVAL_SECONDS}: a shorter one has no time for a second source`;

/** Which tickers shall be added, and whether they are. */
export const topRequestSchema = strictFields(
  {
    top: z
      .int({ error: `must be a whole number, 1 to ${MAX_TOP}` })
      .min(1, `must be a whole number, 1 to ${MAX_TOP}`)
      .max(MAX_TOP, `must be a whole number, 1 to ${MAX_TOP}`)
      .meta({ description: 'How many assets, those with the greatest market capitalisation.', examples: [100] }),
    quote: z
      .string({ error: 'must be a currency in lower case, such as usd' })
      .regex(/^[a-z0-9-]{1,31}$/, 'must be a currency in lower case, such as usd')
      .default('usd')
      .meta({ description: 'The currency of the prices.', examples: ['usd'] }),
    interval_seconds: z
      .int({ error: WRONG_INTERVAL })
      .min(MIN_INTERVAL_FOR_RETRIES_SECONDS, WRONG_INTERVAL)
      .max(MAX_INTERVAL_SECONDS, WRONG_INTERVAL)
      .optional()
      .meta({
        description:
          'Seconds from one slot to the next. Without it 60, and for tickers that only sources with a month have the shortest of 60, 300, 900 and 3600 that their credits allow.',
        examples: [60],
      }),
    sources: z
      .array(z.string({ error: 'must be the name of a source' }), { error: 'must be a list of sources' })
      .min(1, 'must name at least one source; leave it out for all')
      .max(100, 'must name at most 100 sources')
      .optional()
      .meta({
        description:
          'Who may be asked; without it every source that says what it lists and answers without a key, or has one.',
        examples: [['kraken', 'coingecko']],
      }),
    dry_run: z
      .boolean({ error: 'must be true or false' })
      .default(false)
      .meta({ description: 'True: only look, nothing is added.', examples: [true] }),
  },
  'must be an object, such as {"top":100}',
).meta({ id: 'TopRequest' });
/** See {@link topRequestSchema}. */
export type TopRequest = z.output<typeof topRequestSchema>;

/** What was added, or would be. */
export interface TopOutcome extends TopTickers {
  /** Whose market capitalisations they are. */
  readonly rankedBy: string;
  /** Sources whose list cannot be had now, so that nobody knows what they have. */
  readonly unavailable: readonly string[];
  /** What the whole catalogue costs then. */
  readonly costs: readonly SourceCost[];
  /** Why it cannot be, one sentence with its cure each. */
  readonly faults: readonly string[];
}

/** In seconds: of tickers in general, and of those that only sources with a month have. */
type Intervals = readonly [number, number];

/** Which intervals are tried, one after the other. @param asked undefined: as usual. */
function intervalsOf(asked: number | undefined): readonly [Intervals, ...Intervals[]] {
  if (asked !== undefined) return [[asked, asked]];
  return [
    [60, 60],
    [60, 300],
    [60, 900],
    [60, 3_600],
  ];
}

/** Adds the tickers of the greatest assets, from the sources that are known to list them. */
@Injectable()
export class TopTickersService {
  constructor(
    private readonly links: AssetLinkReader,
    private readonly directory: SymbolDirectory,
    private readonly catalogue: CatalogueService,
    @Inject(SOURCE_ACCESSES) private readonly access: SourceAccesses,
    @Inject(STABLECOINS_AT_PAR) private readonly stablecoinsAtPar = false,
  ) {}

  /**
   * Adds them, all or none; with `dry_run` it only says what would be.
   * @returns undefined when no list of assets was read yet.
   * @throws CatalogueError when a source is not known, or what is added does not fit.
   */
  async add(request: TopRequest): Promise<TopOutcome | undefined> {
    const { source: rankedBy, assets } = await this.links.top(request.top);
    if (rankedBy === null || assets.length === 0) return undefined;
    const sources = await this.askedSources(request.sources);
    const look = await this.lookFor(request.quote, assets, sources);
    const [first, ...slower] = intervalsOf(request.interval_seconds);
    let found = await look(first);
    for (const intervals of slower) if (found.faults.length > 0) found = await look(intervals);
    if (!request.dry_run) {
      if (found.faults.length > 0) throw new CatalogueError(found.faults);
      const { faults } = await this.catalogue.addAll(found.added, { isTried: false });
      if (faults.length > 0) throw new CatalogueError(faults);
    }
    const unavailable = sources.flatMap(({ source, names }) => (names === undefined ? [source.name] : []));
    return { ...found, rankedBy, unavailable };
  }

  /** @returns what it comes to with intervals: of tickers in general, and of those that only sources with a month have. */
  private async lookFor(quote: string, assets: readonly RankedAsset[], sources: readonly AskedSource[]) {
    const catalogued = await this.catalogue.list();
    const enabled = new Set(catalogued.flatMap((ticker) => (ticker.enabled ? [ticker.ticker] : [])));
    const isConverted = (quotedIn: string) =>
      enabled.has(rateTickerOf(quotedIn, quote)) || (this.stablecoinsAtPar && isStablecoinToDollar(quotedIn, quote));
    return async ([intervalSeconds, creditedIntervalSeconds]: Intervals) => {
      const tickers = topTickers({
        ...{ assets, quote, sources, catalogued, isConverted, intervalSeconds, creditedIntervalSeconds },
      });
      return { ...tickers, ...(await this.catalogue.addAll(tickers.added, { isTried: true })) };
    };
  }

  /** @throws CatalogueError naming each that is not known, or cannot be asked. */
  private async askedSources(names: readonly string[] | undefined): Promise<AskedSource[]> {
    const faults = (names ?? []).flatMap((name) => this.faultOf(name) ?? []);
    if (faults.length > 0) throw new CatalogueError(faults);
    const isAsked = (source: Source) =>
      source.names !== undefined &&
      !lacksKey(source, this.access[source.name]) &&
      (names?.includes(source.name) ?? true);
    return Promise.all(
      SOURCES.filter(isAsked).map(async (source) => ({
        ...{ source, access: this.access[source.name] ?? {} },
        names: await this.directory.namesOf(source),
      })),
    );
  }

  private faultOf(name: string): string | undefined {
    const source = SOURCES.find((known) => known.name === name);
    const known = SOURCES.map((one) => one.name);
    if (source === undefined)
      return `there is no source ${name}; did you mean ${nearestNames(name, known, 1).join()}? Known: ${known.join(', ')}`;
    if (source.names === undefined) return `${name} does not say what it lists: add its tickers with POST /tickers`;
    if (lacksKey(source, this.access[name]))
      return `${name} answers nobody without a key: set it, or leave ${name} out`;
    return undefined;
  }
}
