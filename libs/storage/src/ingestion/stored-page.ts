import type { RecordPage } from '@app/domain';
import type pg from 'pg';

/** The page in hand of a source; undefined when there is none. */
export async function readPage(client: pg.ClientBase, source: string): Promise<RecordPage | undefined> {
  const { rows } = await client.query<{
    page: string;
    nextPage: string | null;
    fetchedAt: Date;
    ids: string[];
    places: string[];
    payloads: string[];
  }>(
    `SELECT page, next_page AS "nextPage", fetched_at AS "fetchedAt", record_ids AS ids, places, payloads FROM etl_pages WHERE source = $1`,
    [source],
  );
  const [row] = rows;
  if (row === undefined) return undefined;
  const records = row.ids.map((id, index) => ({
    id,
    place: row.places[index] ?? '',
    payload: row.payloads[index] ?? '',
  }));
  return { page: row.page, nextPage: row.nextPage, fetchedAt: row.fetchedAt, records };
}
