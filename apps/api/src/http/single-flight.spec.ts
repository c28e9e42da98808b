import { SingleFlight } from './single-flight.js';

describe('SingleFlight', () => {
  it('lets everybody who asks meanwhile share one answer, and asks anew afterwards', async () => {
    const flights = new SingleFlight<string, number>();
    const gate = Promise.withResolvers<number>();
    let calls = 0;
    const work = () => {
      calls += 1;
      return gate.promise;
    };
    const answers = Promise.all([flights.do('a', work), flights.do('a', work), flights.do('b', work)]);
    gate.resolve(7);
    expect(await answers).toEqual([7, 7, 7]);
    expect(calls).toBe(2);
    await flights.do('a', work);
    expect(calls).toBe(3);
  });

  it('shares a failure and does not remember it', async () => {
    const flights = new SingleFlight<string, number>();
    const failures = await Promise.allSettled(
      ['x', 'y'].map((text) => flights.do('a', () => Promise.reject(new Error(text)))),
    );
    expect(failures.map((failure) => failure.status === 'rejected' && String(failure.reason))).toEqual([
      'Error: x',
      'Error: x',
    ]);
    expect(await flights.do('a', () => Promise.resolve(1))).toBe(1);
  });
});
