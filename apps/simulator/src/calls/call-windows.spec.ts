import { CallWindows } from './call-windows.js';

const NOON_MS = 1_766_059_200_000;

describe('sliding windows over calls', () => {
  it('find the most calls less than their length apart, wherever the clock stands', () => {
    const windows = new CallWindows();
    for (const ms of [0, 900, 1_100, 1_850, 5_000, 6_000]) windows.arrived(NOON_MS + ms, 1);
    expect(windows.peak(1)).toEqual({ calls: 3, weight: 3, from: NOON_MS / 1000 + 0.9 });
    // Exactly a second apart is not within a second.
    expect(windows.peak(0.5)).toMatchObject({ calls: 2 });
    expect(windows.peak(2)).toMatchObject({ calls: 4, from: NOON_MS / 1000 });
    expect(windows.peak(60)).toMatchObject({ calls: 6 });
    expect(windows.peak(7)).toMatchObject({ calls: 6 });
  });

  it('find the most weight, also where it is not that of the most calls', () => {
    const windows = new CallWindows();
    for (const ms of [0, 100, 200]) windows.arrived(NOON_MS + ms, 1);
    windows.arrived(NOON_MS + 10_000, 80);
    expect(windows.peak(1)).toEqual({ calls: 3, weight: 80, from: NOON_MS / 1000 });
  });

  it('agree with a count by hand over many calls, for lengths that are kept and others', () => {
    const times: number[] = [];
    const windows = new CallWindows();
    let ms = NOON_MS;
    for (let index = 0; index < 2_000; index += 1) {
      ms += (index * 7_919) % 997;
      times.push(ms);
      windows.arrived(ms, 1 + (index % 3));
    }
    for (const seconds of [1, 3, 10, 60]) {
      const most = Math.max(
        ...times.map((end, index) => times.slice(0, index + 1).filter((time) => end - time < seconds * 1000).length),
      );
      expect(windows.peak(seconds).calls).toBe(most);
    }
  });

  it('keep the peaks of the usual lengths when calls are forgotten, and say how many are', () => {
    const windows = new CallWindows(10);
    for (let index = 0; index < 5; index += 1) windows.arrived(NOON_MS, 2);
    for (let index = 0; index < 100; index += 1) windows.arrived(NOON_MS + 10_000 + index * 1_000, 1);
    expect(windows.forgotten).toBe(95);
    expect(windows.peak(1)).toEqual({ calls: 5, weight: 10, from: NOON_MS / 1000 });
    expect(windows.peak(2)).toMatchObject({ calls: 2, weight: 2 });
    expect(windows.peak(60)).toMatchObject({ calls: 10 });
  });

  it('tell the weight of the running minute by the clock', () => {
    const windows = new CallWindows();
    expect(windows.arrived(NOON_MS, 4)).toBe(4);
    expect(windows.arrived(NOON_MS + 59_999, 2)).toBe(6);
    expect(windows.arrived(NOON_MS + 60_000, 2)).toBe(2);
  });

  it('count by month in UTC, for two years', () => {
    const windows = new CallWindows();
    windows.arrived(Date.UTC(2026, 10, 30, 23, 59, 59), 1);
    windows.arrived(Date.UTC(2026, 11, 1), 1);
    windows.arrived(Date.UTC(2026, 11, 2), 1);
    expect(windows.months()).toEqual({ '2026-11': 1, '2026-12': 2 });
    for (let month = 0; month < 40; month += 1) windows.arrived(Date.UTC(2027, month, 1), 1);
    expect(Object.keys(windows.months())).toHaveLength(24);
  });

  it('have no peak without a call', () => {
    expect(new CallWindows().peak(1)).toEqual({ calls: 0, weight: 0, from: null });
    expect(new CallWindows().peak(5)).toEqual({ calls: 0, weight: 0, from: null });
  });
});
