import path from 'node:path';
import type { ReadRecord } from '@app/domain';
import { csvRecordList } from './csv-list.js';

const FOLDER = path.resolve(import.meta.dirname, '../../../../samples/csv');

describe('the CSV files that come with Tidemark', () => {
  it('are read whole, those of the older export with the day first', async () => {
    const list = await csvRecordList(FOLDER, { now: () => Date.parse('2026-01-01T00:00:00Z') });
    const read: ReadRecord[] = [];
    for (let page: string | null = list.firstPage; page !== null;) {
      const { records, nextPage } = await list.fetchPage(page, new AbortController().signal);
      read.push(...records.map((record) => list.read(record)));
      page = nextPage;
    }
    expect(read.filter((record) => !('asset' in record))).toEqual([]);
    expect(read).toHaveLength(42);
    const last = read.filter(({ id }) => id.startsWith('legacy_')).at(-1);
    expect(last).toMatchObject({
      asset: {
        ...{ assetId: 'zec', symbol: 'ZEC', name: 'Zcash', priceUsd: '347.23', marketCap: '5694647169' },
        updatedAt: new Date('2025-12-05T00:00:00Z'),
      },
    });
  });
});
