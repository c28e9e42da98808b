import '../../../test/support/one-realm-of-errors.js';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { slotText } from '@app/domain';
import { addToMinute, SnapshotFileError, writeMinute } from './minute-file.js';
import type { SnapshotRow } from './snapshot-row.js';

/** 2025-12-31T23:59:00Z. */
const MINUTE = Date.UTC(2025, 11, 31, 23, 59) / 1000;

const HEADER = 'timestamp_utc,source,asset,price_usd,http_status,latency_ms,attempt';

describe('the file of a minute', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'tidemark-snapshots-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const write = (...rows: SnapshotRow[]) => writeMinute({ folder, minute: MINUTE, rows });
  const add = (...rows: SnapshotRow[]) => addToMinute({ folder, minute: MINUTE, rows });
  const day = () => path.join(folder, '2025', '12', '31');
  const text = () => readFile(path.join(day(), 'prices-2359.csv'), 'utf8');

  it('stands under its minute in UTC, with the lines in order and nothing beside it', async () => {
    expect(
      await write(
        row({ slot: MINUTE + 59, source: 'kraken' }),
        row({ slot: MINUTE, source: 'kraken', asset: 'ethereum' }),
        row({ slot: MINUTE, source: 'kraken' }),
        row({ slot: MINUTE, source: 'deribit', priceUsd: undefined, httpStatus: 503 }),
        row({
          slot: MINUTE,
          source: 'coingecko',
          priceUsd: undefined,
          httpStatus: undefined,
          latencyMs: undefined,
          attempt: undefined,
        }),
      ),
    ).toBe(path.join(day(), 'prices-2359.csv'));
    expect(await text()).toBe(
      [
        HEADER,
        '2025-12-31T23:59:00Z,coingecko,bitcoin,,,,',
        '2025-12-31T23:59:00Z,deribit,bitcoin,,503,12,1',
        '2025-12-31T23:59:00Z,kraken,bitcoin,0.000000010,200,12,1',
        '2025-12-31T23:59:00Z,kraken,ethereum,0.000000010,200,12,1',
        '2025-12-31T23:59:59Z,kraken,bitcoin,0.000000010,200,12,1',
        '',
      ].join('\n'),
    );
    expect(await readdir(day())).toEqual(['prices-2359.csv']);
  });

  it('is the same after it was written again, and has what another writer added', async () => {
    const rows = [row({}), row({ source: 'kraken' })];
    const added = row({ timestampUtc: '2025-12-31T23:59:30.120Z' });
    await write(...rows);
    const before = await text();
    await write(...rows);
    expect(await text()).toBe(before);
    await add(added);
    await write(...rows);
    expect(await text()).toBe(`${before}2025-12-31T23:59:30.120Z,deribit,bitcoin,0.000000010,200,12,1\n`);
  });

  it('loses no line of many who add at once', async () => {
    const many = Array.from({ length: 20 }, (_, index) => `2025-12-31T23:59:30.${100 + index}Z`);
    await Promise.all(many.map((timestampUtc) => add(row({ timestampUtc }))));
    expect(
      (await text())
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',')[0]),
    ).toEqual(many);
  });

  it('is not made for no lines', async () => {
    expect(await write()).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  it('quotes odd names as RFC 4180 has it, reads them again, and changes none', async () => {
    const odd = ['a,b', '"quoted"', 'two\nlines', '=1+1', 'ünïcode', ''];
    await write(...odd.map((asset) => row({ asset })));
    const before = await text();
    await add(row({ timestampUtc: '2025-12-31T23:59:59.999Z' }));
    expect((await text()).startsWith(before)).toBe(true);
    for (const written of ['"a,b"', '"""quoted"""', '"two\nlines"', ',=1+1,', 'ünïcode'])
      expect(before).toContain(written);
  });

  it('removes what a killed process left, and goes on over its lock after seconds', async () => {
    await write(row({}));
    await writeFile(path.join(day(), '.prices-2359.csv.0a1b'), 'half a li');
    await writeFile(path.join(day(), '.prices-2359.csv.lock'), '');
    await write(row({ source: 'kraken' }));
    expect(await readdir(day())).toEqual(['prices-2359.csv']);
    expect(await text()).toBe(`${HEADER}\n2025-12-31T23:59:00Z,kraken,bitcoin,0.000000010,200,12,1\n`);
  }, 20_000);

  it.each([
    ['another header', 'ticker,price\nbtc_usd,1\n'],
    ['no header', ''],
    ['a line of another length', `${HEADER}\n2025-12-31T23:59:00Z,kraken\n`],
  ])('is not written over a file with %s', async (_, was) => {
    await write(row({}));
    await writeFile(path.join(day(), 'prices-2359.csv'), was);
    for (const work of [write, add]) await expect(work(row({}))).rejects.toThrow(SnapshotFileError);
    expect(await text()).toBe(was);
    expect(await readdir(day())).toEqual(['prices-2359.csv']);
  });
});

function row({ slot = MINUTE, ...rest }: Partial<SnapshotRow> & { readonly slot?: number }): SnapshotRow {
  return {
    ...{ timestampUtc: slotText(slot), source: 'deribit', asset: 'bitcoin', priceUsd: '0.000000010' },
    ...{ httpStatus: 200, latencyMs: 12, attempt: 1 },
    ...rest,
  };
}
