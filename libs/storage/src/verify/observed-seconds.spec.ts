import { secondsOf, simulationsAt, type Observation } from './observed-seconds.js';

const live = (requestedMs: number, observedMs: number): Observation => ({
  slot: 1_000,
  windowSeconds: 5,
  origin: 'live',
  requestedMs,
  observedMs,
  sourceTimeMs: undefined,
});

describe('secondsOf', () => {
  it('gives the seconds between request and receipt, with the permitted offset of the clock on both sides', () => {
    expect(secondsOf(live(1_000_250, 1_001_749))).toEqual({ from: 1_000, to: 1_001 });
    expect(secondsOf(live(1_000_249, 1_001_750))).toEqual({ from: 999, to: 1_002 });
  });

  it('cuts an observation that lasts for an hour to its window', () => {
    expect(secondsOf(live(0, 3_600_000))).toEqual({ from: 999, to: 1_005 });
  });

  it('gives no second where the observation lies outside of its window', () => {
    expect(secondsOf(live(1_100_000, 1_101_000))).toBeUndefined();
  });

  it('gives no second where the times are missing', () => {
    expect(secondsOf({ ...live(1_000_100, 1_000_200), requestedMs: undefined })).toBeUndefined();
  });

  it('takes the time that the source itself gave for a price of its history', () => {
    expect(secondsOf({ ...live(0, 0), origin: 'history', sourceTimeMs: 1_000_000 })).toEqual({
      from: 1_000,
      to: 1_000,
    });
  });
});

describe('simulationsAt', () => {
  const [first, second] = [
    { since: 900, seed: 'first', history: null },
    { since: 1_001, seed: 'second', history: null },
  ];

  it('gives the one that held', () => {
    expect(simulationsAt([first, second], live(1_000_100, 1_000_300))).toEqual([first]);
    expect(simulationsAt([first, second], live(1_002_000, 1_002_300))).toEqual([second]);
  });

  it('gives both where one took over between request and receipt', () => {
    expect(simulationsAt([first, second], live(1_000_500, 1_001_500))).toEqual([first, second]);
  });

  it('counts what is older than the first one to the first', () => {
    expect(simulationsAt([first, second], live(100_000, 100_200))).toEqual([first]);
  });

  it('gives a price of the history to the one that held when it was received', () => {
    const said: Observation = { ...live(0, 0), origin: 'history', requestedMs: undefined, observedMs: 1_005_000 };
    expect(simulationsAt([first, second], said)).toEqual([second]);
  });
});
