import type { ScheduledSource } from '@app/domain';
import { CatalogueRepository, createDataSource } from '@app/storage';

/** A ticker to be sampled; what is left out is every second, from Deribit alone. */
export interface AskedTicker {
  readonly ticker: string;
  /** First slot that is expected. */
  readonly fromSlot: number;
  readonly intervalSeconds?: number;
  readonly sources?: readonly (Pick<ScheduledSource, 'sourceId' | 'sourceName'> & Partial<ScheduledSource>)[];
}

/** Puts tickers into the catalogue of a database, each from its first slot on. */
export async function catalogueTickers(databaseUrl: string, ...asked: readonly AskedTicker[]): Promise<void> {
  const dataSource = await createDataSource(databaseUrl, 'tidemark-test').initialize();
  try {
    const catalogue = new CatalogueRepository(dataSource);
    for (const { ticker, fromSlot, intervalSeconds = 1, sources = [{ sourceId: 1, sourceName: ticker }] } of asked) {
      const scheduled = sources.map((source, position) => ({ position, batch: ticker, intervalSeconds, ...source }));
      await catalogue.put({ ticker, intervalSeconds, rule: 'priority', sources: scheduled }, (fromSlot - 1) * 1000);
    }
  } finally {
    await dataSource.destroy();
  }
}
