import type pg from 'pg';

/** Takes the lock of every (ticker, slot) in ticker order, so that two stores of one slot follow one another and never deadlock. */
export async function lockSlot(client: pg.ClientBase, slot: number, tickerIds: readonly number[]): Promise<void> {
  const inOrder = [...tickerIds].sort((left, right) => left - right);
  // 34 bits hold every slot until the year 2514, the rest holds the ticker.
  await client.query({
    name: 'lock-slot',
    text: `SELECT pg_advisory_xact_lock((ticker_id << 34) | $2::bigint) FROM unnest($1::bigint[]) AS ticker_id`,
    values: [inOrder, slot],
  });
}
