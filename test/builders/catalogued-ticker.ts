import { parseTicker, type ScheduledSource } from '@app/domain';
import pg from 'pg';

/** A ticker to be sampled; what is left out is every second, from Deribit alone. */
export interface AskedTicker {
  readonly ticker: string;
  /** First slot that is expected. */
  readonly fromSlot: number;
  readonly intervalSeconds?: number;
  readonly sources?: readonly (Pick<ScheduledSource, 'sourceId' | 'sourceSymbol'> & Partial<ScheduledSource>)[];
}

/** Puts new tickers into the catalogue of a database, each from exactly its first slot on, which may lie in the past. */
export async function catalogueTickers(databaseUrl: string, ...asked: readonly AskedTicker[]): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    for (const ticker of asked) await insertTicker(client, ticker);
  } finally {
    await client.end();
  }
}

async function insertTicker(client: pg.Client, asked: AskedTicker): Promise<void> {
  const { ticker, fromSlot, intervalSeconds = 1, sources = [{ sourceId: 1, sourceSymbol: ticker }] } = asked;
  const parts = parseTicker(ticker);
  if (fromSlot % intervalSeconds !== 0) throw new Error(`${fromSlot} is no slot of ${intervalSeconds} s`);
  const { rows } = await client.query<{ id: number }>(
    `WITH made AS (INSERT INTO tickers (ticker, base, quote) VALUES ($1, $2, $3) RETURNING id)
     INSERT INTO schedules (ticker_id, from_slot, interval_seconds, rule, planned_to)
     SELECT id, $4, $5, 'priority', $4 FROM made RETURNING id`,
    [ticker, parts?.base, parts?.quote, fromSlot, intervalSeconds],
  );
  for (const [position, source] of sources.entries()) {
    await client.query(
      `INSERT INTO ticker_sources (schedule_id, source_id, position, source_symbol, batch, interval_seconds)
       VALUES ($1, $2, $3, $4, $5, $6)`,
      [
        rows[0]?.id,
        source.sourceId,
        position,
        source.sourceSymbol,
        source.batch ?? ticker,
        source.intervalSeconds ?? intervalSeconds,
      ],
    );
  }
}
