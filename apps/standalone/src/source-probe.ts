import { SourceClient, SourceError, type Source } from '@app/sources';

/** How the sources are reached. */
export interface ProbeOptions {
  readonly sources: readonly Source[];
  /** Addresses other than the sources' own, by source name. */
  readonly baseUrls: Readonly<Record<string, string | undefined>>;
  readonly httpsProxy: string | undefined;
  readonly noProxy: string | undefined;
  /** The clock, in UNIX milliseconds. */
  readonly now: () => number;
}

/** With what it takes to start, the answer is there 5 s after the start. */
const LIMIT_MS = 4_000;

const ASKED = { ticker: 'btc_usd', base: 'btc', quote: 'usd' };

/** Asks every source once for bitcoin; gives one sentence for each that cannot be used from here. */
export async function probeSources(options: ProbeOptions): Promise<string[]> {
  const { baseUrls, httpsProxy, noProxy, now } = options;
  const client = new SourceClient({ baseUrls, httpsProxy, noProxy, now });
  try {
    const faults = await Promise.all(options.sources.map((source) => probe(client, source, httpsProxy)));
    return faults.filter((fault) => fault !== undefined);
  } finally {
    client.close();
  }
}

async function probe(client: SourceClient, source: Source, proxy: string | undefined): Promise<string | undefined> {
  const asked = { ticker: ASKED.ticker, sourceName: source.defaultName(ASKED) ?? '' };
  try {
    await client.fetch(source, [asked], { timeoutMs: LIMIT_MS });
    return undefined;
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const way =
      proxy === undefined ? 'HTTPS_PROXY names a proxy, where there is one' : 'through the proxy of HTTPS_PROXY';
    return `${source.name} cannot be reached (${error.kind}: ${error.message}; ${way}). Tidemark goes on trying; \`make demo\` needs no network.`;
  }
}
