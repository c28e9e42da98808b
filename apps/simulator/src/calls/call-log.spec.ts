import { CallLog, type ArrivedCall } from './call-log.js';

function call(changes: Partial<ArrivedCall> = {}): ArrivedCall {
  return {
    source: 'deribit',
    endpoint: '/public/get_index_price',
    names: ['btc_usd'],
    tickers: ['btc_usd'],
    received_at: 1_766_000_000.123,
    second: 1_766_000_000,
    remote_port: 1,
    ...changes,
  };
}

function sequences(log: CallLog, after: number, limit = 100, source?: ArrivedCall['source']): number[] {
  return log.page(after, limit, source).calls.map(({ sequence }) => sequence);
}

describe('the log of calls', () => {
  it('numbers calls from 1 in the order of arrival and pages through them', () => {
    const log = new CallLog();
    for (let count = 0; count < 5; count += 1) log.arrived(call());
    expect(sequences(log, 0, 2)).toEqual([1, 2]);
    expect(log.page(0, 2).next).toBe(2);
    expect(sequences(log, 2)).toEqual([3, 4, 5]);
    expect(log.page(5, 2)).toEqual({ calls: [], next: 5, dropped: 0 });
  });

  it('pages through one source without losing its place', () => {
    const log = new CallLog();
    log.arrived(call());
    log.arrived(call({ source: 'coingecko' }));
    log.arrived(call());
    expect(sequences(log, 0, 10, 'deribit')).toEqual([1, 3]);
    expect(log.page(0, 1, 'coingecko')).toMatchObject({ next: 2, calls: [{ sequence: 2 }] });
    expect(log.page(2, 1, 'coingecko')).toMatchObject({ next: 3, calls: [] });
  });

  it('drops the oldest calls beyond its limit and says how many are missing', () => {
    const log = new CallLog({ calls: 3 });
    for (let count = 0; count < 10; count += 1) log.arrived(call());
    expect(sequences(log, 0)).toEqual([8, 9, 10]);
    expect(log.page(0, 100).dropped).toBe(7);
    expect(log.page(5, 100).dropped).toBe(2);
    expect(log.page(8, 100).dropped).toBe(0);
  });

  it('drops the oldest calls when they hold too many names, but keeps the last one', () => {
    const log = new CallLog({ names: 5 });
    log.arrived(call({ names: ['a', 'b', 'c'] }));
    log.arrived(call({ names: ['a', 'b', 'c'] }));
    expect(sequences(log, 0)).toEqual([2]);
    log.arrived(call({ names: ['a', 'b', 'c', 'd', 'e', 'f'] }));
    expect(sequences(log, 0)).toEqual([3]);
  });

  it('counts every call, also those that it dropped', () => {
    const log = new CallLog({ calls: 1 });
    for (let count = 0; count < 3; count += 1) {
      const logged = log.arrived(call({ names: ['constructor', '__proto__'] }));
      log.faulted(logged, 'status');
      log.answered(logged, 429, null);
    }
    log.arrived(call({ source: 'coingecko', names: [] }));
    expect(JSON.parse(JSON.stringify(log.totals()))).toEqual(
      JSON.parse(
        '{"calls":4,"sources":{"deribit":{"calls":3,"statuses":{"429":3},"faults":{"status":3},' +
          '"names":{"constructor":3,"__proto__":3},"other_names":0},' +
          '"coingecko":{"calls":1,"statuses":{},"faults":{},"names":{},"other_names":0}}}',
      ),
    );
  });

  it('counts names beyond its bound together', () => {
    const log = new CallLog();
    const names = Array.from({ length: 20_005 }, (_, index) => `n${index}`);
    log.arrived(call({ names }));
    log.arrived(call({ names: ['n0', 'n20004'] }));
    const { deribit } = log.totals().sources;
    expect(deribit?.other_names).toBe(6);
    expect(deribit?.names['n0']).toBe(2);
  });
});
