import { ConflatedWork } from './conflated-work.js';

describe('work that runs one at a time', () => {
  it('runs once more, with the newest argument, for all who call while it runs', async () => {
    const work = new Gate();
    const flight = new ConflatedWork<number>((argument) => work.run(argument));
    const calls = [1, 2, 3, 4].map((argument) => flight.run(argument));
    work.finish();
    work.finish();
    await Promise.all(calls);
    expect(work.begun).toEqual([1, 4]);
    expect(work.mostAtOnce).toBe(1);
  });

  it('runs at once for a call after the work has ended', async () => {
    const work = new Gate();
    const flight = new ConflatedWork<number>((argument) => work.run(argument));
    for (const argument of [1, 2]) {
      const call = flight.run(argument);
      work.finish();
      await call;
    }
    expect(work.begun).toEqual([1, 2]);
  });

  it('overlooks no call that comes in any turn of the end of the work before', async () => {
    for (let rounds = 0; rounds < 12; rounds += 1) {
      const begun: number[] = [];
      const flight = new ConflatedWork<number>(async (argument) => {
        await Promise.resolve();
        begun.push(argument);
      });
      const first = flight.run(1);
      for (let round = 0; round < rounds; round += 1) await Promise.resolve();
      await flight.run(2);
      await first;
      expect(begun.at(-1)).toBe(2);
    }
  });

  it('is idle when all work has ended, whether it failed or not', async () => {
    const work = new Gate();
    const flight = new ConflatedWork<number>((argument) => work.run(argument));
    await flight.idle();
    const call = flight.run(1);
    let isIdle = false;
    const idle = flight.idle().then(() => (isIdle = true));
    await Promise.resolve();
    expect(isIdle).toBe(false);
    work.finish();
    await Promise.all([call, idle]);
    const failing = new ConflatedWork<void>(() => Promise.reject(new Error('broken')));
    failing.run().catch(() => undefined);
    await expect(failing.idle()).resolves.toBeUndefined();
  });

  it('rejects with what the work threw, and works again at the next call', async () => {
    let fails = true;
    const flight = new ConflatedWork<void>(async () => {
      if (fails) throw new Error('broken');
    });
    await expect(flight.run()).rejects.toThrow('broken');
    fails = false;
    await expect(flight.run()).resolves.toBeUndefined();
  });

  it('runs what was asked for while the work failed', async () => {
    const begun: number[] = [];
    const flight = new ConflatedWork<number>(async (argument) => {
      begun.push(argument);
      if (argument === 1) throw new Error('broken');
    });
    const first = flight.run(1);
    const second = flight.run(2);
    await Promise.allSettled([first, second]);
    expect(begun).toEqual([1, 2]);
  });
});

/** Work that ends when it is told to. */
class Gate {
  readonly begun: number[] = [];
  mostAtOnce = 0;
  private running = 0;
  private finished = 0;
  private readonly waiting: (() => void)[] = [];

  async run(argument: number): Promise<void> {
    this.begun.push(argument);
    this.running += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.running);
    if (this.finished > 0) this.finished -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running -= 1;
  }

  /** Ends the work in hand, or the next one as soon as it begins. */
  finish(): void {
    const waiting = this.waiting.shift();
    if (waiting === undefined) this.finished += 1;
    else waiting();
  }
}
