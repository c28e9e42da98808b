import { endsWithin } from './ends-within.js';

describe('work that may take only so long', () => {
  it('has ended in time', async () => {
    await expect(endsWithin(Promise.resolve('done'), 60_000)).resolves.toBe(true);
  });

  it('is left alone when it takes longer, and may fail later unheard', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<never>((_resolve, reject) => (fail = reject));
    await expect(endsWithin(work, 1)).resolves.toBe(false);
    fail(new Error('too late to matter'));
    await expect(work).rejects.toThrow('too late to matter');
  });

  it('is heard when it fails in time', async () => {
    await expect(endsWithin(Promise.reject(new Error('in time')), 60_000)).rejects.toThrow('in time');
  });
});
