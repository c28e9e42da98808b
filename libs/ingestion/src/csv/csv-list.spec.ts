import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { RawRecord, ReadRecord } from '@app/domain';
import { eventually } from '../../../../test/support/processes.js';
import { csvRecordList, type CsvListOptions } from './csv-list.js';
import { LAYOUTS_FILE } from './layouts.js';

const NOW = Date.parse('2026-03-01T00:00:00Z');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'csv-list-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function write(layouts: string, files: Readonly<Record<string, string>>): Promise<void> {
  await writeFile(join(folder, LAYOUTS_FILE), layouts);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

/** All records, page by page. */
async function readAll(
  sizes: Omit<CsvListOptions, 'now'> = {},
): Promise<{ raw: RawRecord[]; read: ReadRecord[]; pages: number }> {
  const list = await csvRecordList(folder, { now: () => NOW, ...sizes });
  const raw: RawRecord[] = [];
  let pages = 0;
  for (let page: string | null = list.firstPage; page !== null; pages += 1) {
    const fetched = await list.fetchPage(page, new AbortController().signal);
    raw.push(...fetched.records);
    page = fetched.nextPage;
  }
  return { raw, read: raw.map((record) => list.read(record)), pages };
}

const LAYOUT = 'files: [{ file: a.csv, columns: { symbol: symbol, updated_at: at, price_usd: price } }]';

describe('the CSV files of a folder', () => {
  it('are not left open, however long they are', async () => {
    const rows = Array.from({ length: 20_000 }, (_, index) => `btc,2026-01-01,${index}`);
    await write(LAYOUT, { 'a.csv': `symbol,at,price\n${rows.join('\n')}\n` });
    expect((await readAll({ pageRows: 2_000 })).raw).toHaveLength(20_000);
    await eventually('the file to be closed', 5_000, async () => {
      const open = await Promise.all(
        (await readdir('/proc/self/fd').catch(() => [])).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
      );
      return open.some((path) => path.startsWith(folder)) ? undefined : true;
    });
  });

  it('are read by their layouts, each record with its file and line', async () => {
    await write(
      `files:
        - { file: b.csv, columns: { symbol: Ticker, name: Coin, updated_at: Date, price_usd: Close, market_cap: Cap }, date: day_first, zone: Europe/Berlin, delimiter: ';', decimal: ',' }
        - { file: a.csv, columns: { asset_id: id, symbol: symbol, updated_at: at, price_usd: price } }`,
      {
        'a.csv': 'id,symbol,at,price\nbitcoin,BTC,2025-12-05T14:00:00Z,87123.450\n\nether,ETH,2025-12-05,n/a\n',
        'b.csv': '\uFEFFTicker;Coin;Date;Close;Cap\r\nBTC;Bitcoin;05-12-2025;87.123,45;1.700.000.000\r\n',
      },
    );
    const { read } = await readAll();
    expect(read).toMatchObject([
      {
        ...{ id: 'a.csv:000000002', place: 'a.csv, line 2' },
        asset: {
          assetId: 'bitcoin',
          symbol: 'BTC',
          name: 'BTC',
          priceUsd: '87123.450',
          updatedAt: new Date('2025-12-05T14:00Z'),
        },
      },
      {
        place: 'a.csv, line 4',
        asset: { assetId: 'ether', priceUsd: undefined, updatedAt: new Date('2025-12-05T00:00Z') },
      },
      {
        ...{ id: 'b.csv:000000002', place: 'b.csv, line 2' },
        asset: {
          assetId: 'btc',
          name: 'Bitcoin',
          priceUsd: '87123.45',
          marketCap: '1700000000',
          updatedAt: new Date('2025-12-04T23:00Z'),
        },
      },
    ]);
  });

  it.each([
    ['', '2025-01-01', '1', 'column symbol is empty'],
    [
      'BTC',
      '31-12-2025',
      '1',
      'column at: "31-12-2025" is no ISO date or time such as 2025-12-05 or 2025-12-05T14:00:00Z',
    ],
    [
      'BTC',
      '2025-02-29',
      '1',
      'column at: "2025-02-29" is no ISO date or time such as 2025-12-05 or 2025-12-05T14:00:00Z',
    ],
    ['BTC', '1999-01-01', '1', 'column at: 1999-01-01T00:00:00.000Z is before 2009-01-03, when there were no prices'],
    ['BTC', '2026-03-03', '1', 'column at: 2026-03-03T00:00:00.000Z is in the future'],
    ['BTC', '2025-01-01', '-1', 'column price: "-1" is no amount'],
    ['BTC', '2025-01-01', '"1,5"', 'column price: "1,5" is no amount'],
    ['BTC', '2025-01-01', 'x', 'column price: "x" is no amount'],
    ['BTC', '2025-01-01', '1,2', 'has 4 fields, and not as many as the header'],
  ])('say of a row %s,%s,%s why it cannot be read', async (symbol, at, price, fault) => {
    await write(LAYOUT, { 'a.csv': `symbol,at,price\n${symbol},${at},${price}\nETH,2025-01-01,1\n` });
    const { read } = await readAll();
    expect(read).toMatchObject([{ fault }, { asset: { symbol: 'ETH' } }]);
  });

  it('are the same in pages of any size, whatever stands in the fields', async () => {
    const field = fc.string({ unit: fc.constantFrom('a', 'é', '"', ',', '\n', '€', ' ', '1') });
    const newline = fc.constantFrom('\n', '\r\n');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(field, field), { maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        ...[newline, fc.boolean(), fc.boolean()],
        async (rows, pageRows, end, hasMark, endsOpen) => {
          const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
          const lines = ['symbol,at,price', ...rows.map(([a, b]) => `${quoted(a)},2025-01-01,${quoted(b)}`)];
          const text = `${hasMark === true ? '\uFEFF' : ''}${lines.join(String(end))}${endsOpen === true ? '' : String(end)}`;
          await write(LAYOUT, { 'a.csv': text });
          const whole = await readAll();
          expect(whole.raw.map(({ payload }) => JSON.parse(payload) as unknown)).toEqual(
            rows.map(([symbol, price]) => ({ symbol, at: '2025-01-01', price })),
          );
          expect((await readAll({ pageRows: Number(pageRows) })).raw).toEqual(whole.raw);
        },
      ),
      { numRuns: 60 },
    );
  });

  describe('that change while they are read', () => {
    const TEXT = 'symbol,at,price\nA,2025-01-01,1\nB,2025-01-01,2\nC,2025-01-01,3\nD,2025-01-01,4\n';

    /** The symbols of the pages after the first one of two rows, which a change comes between. */
    async function afterChange(
      change: () => Promise<unknown>,
      layouts = LAYOUT,
    ): Promise<{ symbols: string[]; faults: string[] }> {
      await write(layouts, { 'a.csv': TEXT });
      const list = await csvRecordList(folder, { now: () => NOW, pageRows: 2 });
      const { nextPage } = await list.fetchPage(list.firstPage, new AbortController().signal);
      await change();
      const [symbols, faults]: [string[], string[]] = [[], []];
      for (let page = nextPage; page !== null;) {
        const fetched = await list.fetchPage(page, new AbortController().signal);
        for (const record of fetched.records.map((each) => list.read(each)))
          if ('asset' in record) symbols.push(record.asset.symbol);
          else faults.push(record.fault);
        page = fetched.nextPage;
      }
      return { symbols, faults };
    }

    const written = (text: string) => () => writeFile(join(folder, 'a.csv'), text);

    it('go on where they were when rows were added', async () => {
      expect(await afterChange(written(`${TEXT}E,2025-01-01,5\n`))).toEqual({ symbols: ['C', 'D', 'E'], faults: [] });
    });

    it('are read from the beginning when they were written anew, longer or shorter', async () => {
      const other =
        'symbol,at,price\nLonger,2025-01-01,1\nNames,2025-01-01,2\nThan,2025-01-01,3\nBefore,2025-01-01,4\n';
      expect(await afterChange(written(other))).toEqual({ symbols: ['Longer', 'Names', 'Than', 'Before'], faults: [] });
      expect(await afterChange(written('symbol,at,price\nA,2025-01-01,1\n'))).toEqual({ symbols: ['A'], faults: [] });
    });

    it('are left when they are gone, and the others are read', async () => {
      const both =
        'files: [{ file: a.csv, columns: { symbol: symbol, updated_at: at } }, { file: b.csv, columns: { symbol: symbol, updated_at: at } }]';
      await writeFile(join(folder, 'b.csv'), 'symbol,at\nX,2025-01-01\n');
      expect(await afterChange(() => rm(join(folder, 'a.csv')), both)).toEqual({ symbols: ['X'], faults: [] });
      const { read } = await readAll();
      expect(read.map((record) => ('fault' in record ? record.fault : record.asset.symbol))).toEqual([
        'a.csv is declared in layouts.yaml, and is not in the folder',
        'X',
      ]);
    });
  });

  it('with a quote that never ends are refused there, before they fill the memory', async () => {
    await write(LAYOUT, { 'a.csv': `symbol,at,price\nA,2025-01-01,1\n"B,2025-01-01,${'x'.repeat(2_000)}` });
    const { read } = await readAll({ maxRowBytes: 1_000 });
    expect(read.map((record) => ('fault' in record ? record.fault : record.asset.symbol))).toEqual([
      'A',
      'line 3: a row has more than 1000 bytes; perhaps a quote is not closed',
    ]);
  });

  it('have pages of so many bytes at most', async () => {
    const rows = Array.from({ length: 40 }, (_, index) => `S${index},2025-01-01,${'9'.repeat(100)}`);
    await write(LAYOUT, { 'a.csv': ['symbol,at,price', ...rows].join('\n') });
    const { raw, pages } = await readAll({ maxPageBytes: 1_000 });
    expect([raw.length, pages]).toEqual([40, 5]);
  });

  it('whose layout does not fit are refused, with the fault and its place', async () => {
    await write('files: [{ file: a.csv, columns: { symbol: s, updated_at: t }, date: american, delimeter: x }]', {});
    await expect(readAll()).rejects.toThrow(
      /ETL_CSV_DIR .*layouts\.yaml is not usable:\n.*files\.0\.date.*\n.*delimeter.*did you mean delimiter/,
    );
    await write(LAYOUT, { 'a.csv': 'Symbol,at,price\n' });
    expect((await readAll()).read).toMatchObject([
      { id: 'a.csv:999999999', place: 'a.csv', fault: 'a.csv has no column symbol; it has Symbol, at, price' },
    ]);
  });
});
