import { KeptBriefly } from './kept-briefly.js';

describe('what is kept for a second', () => {
  let nowMs = 0;
  let reads = 0;
  let kept: KeptBriefly<number>;
  const read = async (): Promise<number> => (reads += 1);

  beforeEach(() => {
    [nowMs, reads] = [1_000_000, 0];
    kept = new KeptBriefly(() => nowMs);
  });

  it('is read once by all who ask at once, and again after a second', async () => {
    expect(await Promise.all([kept.get(read), kept.get(read)])).toEqual([1, 1]);
    nowMs += 999;
    expect(await kept.get(read)).toBe(1);
    nowMs += 1;
    expect(await kept.get(read)).toBe(2);
  });

  it('is not taken for fresh by a clock that was set back', async () => {
    await kept.get(read);
    nowMs -= 3_600_000;
    expect(await kept.get(read)).toBe(2);
  });

  it('is read again after a failure, which all who asked share', async () => {
    const fail = async (): Promise<number> => {
      reads += 1;
      throw new Error('away');
    };
    const both = await Promise.allSettled([kept.get(fail), kept.get(fail)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(reads).toBe(1);
    expect(await kept.get(read)).toBe(2);
  });
});
