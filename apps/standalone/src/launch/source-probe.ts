import { SourceClient, SourceError, type Source, type SourceAccesses } from '@app/sources';

/** The sources of the default catalogue, and of a ticker that names none. */
export const DEFAULT_SOURCES: readonly string[] = ['deribit'];

/** How the sources are reached. */
export interface ProbeOptions {
  readonly sources: readonly Source[];
  /** Keys, plans and other addresses of the sources, by name. */
  readonly access: SourceAccesses;
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
  /** How long the sources may take to answer. */
  readonly limitMs: number;
  /** The clock, in UNIX milliseconds. */
  readonly now: () => number;
}

/** A source that cannot be used from here. */
export interface UnusableSource {
  /** Its name. */
  readonly source: string;
  readonly sentence: string;
}

const ASKED = { ticker: 'btc_usd', base: 'btc', quote: 'usd' };

/** Asks every source once for bitcoin; gives those that cannot be used from here. */
export async function probeSources(options: ProbeOptions): Promise<UnusableSource[]> {
  const { access, httpsProxy, noProxy, now } = options;
  const client = new SourceClient({ access, httpsProxy, noProxy, now });
  try {
    const found = await Promise.all(
      options.sources.map(async (source) => ({ source: source.name, sentence: await probe(client, source, options) })),
    );
    return found.flatMap(({ source, sentence }) => (sentence === undefined ? [] : [{ source, sentence }]));
  } finally {
    client.close();
  }
}

async function probe(client: SourceClient, source: Source, options: ProbeOptions): Promise<string | undefined> {
  const asked = { ticker: ASKED.ticker, sourceSymbol: source.defaultSymbol(ASKED) ?? '' };
  try {
    await client.fetch(source, [asked], { timeoutMs: options.limitMs });
    return undefined;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const way =
      options.httpsProxy === undefined
        ? 'HTTPS_PROXY names a proxy, where there is one'
        : 'through the proxy of HTTPS_PROXY';
    return `${source.name} cannot be reached (${error.kind}: ${error.message}; ${way}). Tidemark goes on trying; \`make demo\` needs no network.`;
  }
}
