import { cutIntoWindows, type RowRate } from './slot-windows.js';

const rowsIn = (rates: readonly RowRate[], from: number, to: number): number =>
  rates.reduce(
    (sum, rate) => sum + Math.max(0, Math.min(rate.toSlot, to) - Math.max(rate.fromSlot, from)) * rate.rowsPerSecond,
    0,
  );

describe('cutIntoWindows', () => {
  const rates: RowRate[] = [
    { fromSlot: 1_000, toSlot: 500_000, rowsPerSecond: 2 },
    { fromSlot: 200_000, toSlot: 900_000, rowsPerSecond: 0.3 },
    { fromSlot: 2_000_000, toSlot: 2_000_100, rowsPerSecond: 50 },
  ];

  it('leaves no hole and covers what lies before and after every schedule', () => {
    const windows = [...cutIntoWindows(rates, 10_000)];
    expect(windows[0]?.fromSlot).toBe(-Number.MAX_SAFE_INTEGER);
    expect(windows.at(-1)?.toSlot).toBe(Number.MAX_SAFE_INTEGER);
    windows.slice(1).forEach((window, index) => expect(window.fromSlot).toBe(windows[index]?.toSlot));
  });

  it('puts no more rows into a window than asked for', () => {
    const windows = [...cutIntoWindows(rates, 10_000)];
    for (const { fromSlot, toSlot } of windows) expect(rowsIn(rates, fromSlot, toSlot)).toBeLessThanOrEqual(10_000.001);
    expect(windows.length).toBeLessThan((rowsIn(rates, 0, 3_000_000) / 10_000) * 1.1 + 2);
  });

  it('takes one second at a time where a second alone brings more', () => {
    const windows = [...cutIntoWindows([{ fromSlot: 100, toSlot: 103, rowsPerSecond: 1_000 }], 10)];
    expect(windows.map(({ toSlot }) => toSlot).slice(0, -1)).toEqual([101, 102, 103]);
  });

  it('gives one window where nothing was ever scheduled', () => {
    expect([...cutIntoWindows([], 10)]).toHaveLength(1);
  });

  it('takes a schedule that holds no slot', () => {
    expect([...cutIntoWindows([{ fromSlot: 5, toSlot: 5, rowsPerSecond: 3 }], 10)]).toHaveLength(1);
  });
});
