import { declaredSourceSettings, loadSettings } from '@app/config';
import { CCXT_EXCHANGE_NAMES, ccxtSource, conflictsOf, readDeclaredSources, type Source, SOURCES } from '@app/sources';
import { didYouMean } from './did-you-mean.js';
import type { Terminal } from './terminal.js';
import { UsageError } from './usage-error.js';

/** Every source: those that Tidemark brings, and those that the environment declares. @throws UsageError with every fault. */
export async function knownSources({ environment }: Terminal): Promise<readonly Source[]> {
  const declared = await readDeclaredSources(loadSettings(declaredSourceSettings, environment)).catch(
    (error: unknown): never => {
      throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
    },
  );
  const sources = [...SOURCES, ...declared];
  const faults = conflictsOf(sources);
  if (faults.length > 0) throw new UsageError(`The declared sources cannot be used: ${faults.join('; ')}.`);
  return sources;
}

/** The source of this name. @throws UsageError that names the nearest one. */
export function sourceNamed(name: string, sources: readonly Source[]): Source {
  // An exchange of ccxt need not be declared to be asked once.
  const exchange = /^ccxt:(.*)$/.exec(name)?.[1];
  const source =
    sources.find((known) => known.name === name) ?? (exchange === undefined ? undefined : ccxtSource(exchange));
  if (source !== undefined) return source;
  if (exchange !== undefined) {
    const hint = didYouMean(exchange, CCXT_EXCHANGE_NAMES);
    throw new UsageError(`ccxt has no exchange ${exchange}${hint} It has ${CCXT_EXCHANGE_NAMES.join(', ')}.`);
  }
  const names = sources.map((known) => known.name);
  throw new UsageError(
    `There is no source ${name}${didYouMean(name, names)} Known: ${names.join(', ')}, ccxt:<exchange>.`,
  );
}
