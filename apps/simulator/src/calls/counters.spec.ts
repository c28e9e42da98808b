import { ControlledSimulator, SECOND } from '../controlled-simulator.contract.js';

const simulator = new ControlledSimulator();

// The counts of one test are its own.
beforeEach(() => simulator.start());
afterEach(() => simulator.stop());

describe('the counters over HTTP', () => {
  it('tell per source the most calls and weight in any sliding window, and the calls of the month', async () => {
    for (const offset of [0, 400, 900, 1_100, 30_000, 59_000]) {
      simulator.nowMs = SECOND * 1000 + offset;
      await simulator.get('/binance/api/v3/ticker/price');
    }
    await simulator.get('/bitstamp/api/v2/ticker/btcusd/');
    const { calls, sources } = await simulator.json('/simulator/counters?windows=1,0.5,60');
    expect(calls).toBe(7);
    expect(Object.keys(sources)).toEqual(['binance', 'bitstamp']);
    expect(sources.binance).toMatchObject({
      calls: 6,
      statuses: { 200: 6 },
      peaks: {
        '1': { calls: 3, weight: 12, from: SECOND },
        '0.5': { calls: 2, weight: 8 },
        '60': { calls: 6, weight: 24, from: SECOND },
      },
      months: { '2025-12': 6 },
      forgotten: 0,
    });
    expect(sources.bitstamp.peaks['60']).toMatchObject({ calls: 1, weight: 1 });
  });

  it('tell of windows of 1 and 60 seconds when none is asked for', async () => {
    await simulator.get('/kraken/0/public/Time');
    const { sources } = await simulator.json('/simulator/counters');
    expect(Object.keys(sources.kraken.peaks)).toEqual(['1', '60']);
  });

  it.each(['windows=0', 'windows=', 'windows=a', 'windows=1,,2', 'windows=9999999', `windows=${'1,'.repeat(20)}1`])(
    'refuse %s',
    async (query) => {
      const response = await simulator.get(`/simulator/counters?${query}`);
      expect(response.status).toBe(400);
      expect(JSON.parse(await response.text()).errors).toMatchObject([{ field: 'windows' }]);
    },
  );
});
