import type { Child } from './child-process.js';
import { startChild } from './child-process.js';
import { sendSignal } from './process-identity.js';
import { Supervisor, type Part } from './supervisor.js';
import { waitUntil } from './wait-until.js';

const SOON = { limitMs: 10_000 };
const said: string[] = [];
const supervisors: Supervisor[] = [];

function supervisor(backoff: { firstMs: number; mostMs: number; upMs: number }): Supervisor {
  const made = new Supervisor({ say: (sentence) => said.push(sentence), backoff });
  supervisors.push(made);
  return made;
}

function part(name: string, script: string, onLine?: (line: string) => void): Part {
  const launch = (): Promise<Child> =>
    startChild({ name, command: process.execPath, arguments: ['-e', script], environment: {}, onLine });
  return { name, launch };
}

const endless = 'setInterval(() => undefined, 1000)';

afterEach(async () => {
  for (const each of supervisors.splice(0)) await each.end([{ names: ['a', 'b', 'c'], reservedMs: 0 }], 0);
  said.length = 0;
});

describe('a supervisor', () => {
  it('starts a dead part again and says so', async () => {
    const kept = supervisor({ firstMs: 1, mostMs: 1, upMs: 10_000 });
    await kept.start(part('a', endless));
    const first = kept.pidOf('a') ?? 0;
    sendSignal(first, 'SIGKILL');
    const second = await waitUntil(() => kept.pidOf('a') !== first && kept.pidOf('a'), SOON);
    expect(second).toBeGreaterThan(0);
    expect(said).toEqual(['a ended with signal SIGKILL; it is started again in 0.001 s']);
  });

  it('waits twice as long after each death, up to a limit', async () => {
    const kept = supervisor({ firstMs: 1, mostMs: 4, upMs: 10_000 });
    await kept.start(part('a', 'process.exit(3)'));
    await waitUntil(() => said.length >= 4, SOON);
    expect(said.slice(0, 4).map((sentence) => /[\d.]+ s$/.exec(sentence)?.[0])).toEqual([
      '0.001 s',
      '0.002 s',
      '0.004 s',
      '0.004 s',
    ]);
  });

  it('begins with the short wait again after a part was up for a while', async () => {
    const kept = supervisor({ firstMs: 1, mostMs: 1_000, upMs: 0 });
    await kept.start(part('a', 'process.exit(3)'));
    await waitUntil(() => said.length >= 3, SOON);
    expect(said.slice(0, 3)).toEqual(Array(3).fill('a ended with status 3; it is started again in 0.001 s'));
  });

  it('does not start a part again that says that no new start would mend its end', async () => {
    const ended: string[] = [];
    const made = new Supervisor({
      say: (sentence) => said.push(sentence),
      onLasting: ({ name }) => ended.push(name) > 0,
      backoff: { firstMs: 1, mostMs: 1, upMs: 10_000 },
    });
    supervisors.push(made);
    await made.start({ ...part('a', 'process.exit(2)'), lastingStatus: 2 });
    await made.start(part('b', 'process.exit(2)'));
    expect(await waitUntil(() => ended.length > 0 && said.length >= 2, SOON)).toBe(true);
    expect(ended).toEqual(['a']);
    expect(said.every((sentence) => sentence.startsWith('b ended with status 2'))).toBe(true);
  });

  it('tries such a part at the longest pause where the others are to go on', async () => {
    const made = new Supervisor({
      say: (sentence) => said.push(sentence),
      onLasting: () => false,
      backoff: { firstMs: 1, mostMs: 20, upMs: 10_000 },
    });
    supervisors.push(made);
    await made.start({ ...part('a', 'process.exit(2)'), lastingStatus: 2 });
    await waitUntil(() => said.length >= 2, SOON);
    expect(said.slice(0, 2)).toEqual(
      Array(2).fill(
        'a ended with status 2: what it said has to be mended first, and the others go on; it is started again in 0.02 s',
      ),
    );
  });

  it('goes on trying when a part cannot be started', async () => {
    const kept = supervisor({ firstMs: 1, mostMs: 1, upMs: 10_000 });
    const working = part('a', 'process.exit(0)');
    let launches = 0;
    const launch = async (): Promise<Child> => {
      launches += 1;
      if (launches === 2) throw new Error('no room');
      return working.launch();
    };
    await kept.start({ name: 'a', launch });
    await waitUntil(() => launches >= 3, SOON);
    expect(said).toContain('a could not be started (no room); it is started again in 0.001 s');
  });

  it('fails when a part cannot be started the first time', async () => {
    const kept = supervisor({ firstMs: 1, mostMs: 1, upMs: 1 });
    await expect(kept.start({ name: 'a', launch: () => Promise.reject(new Error('no room')) })).rejects.toThrow(
      'no room',
    );
  });

  it('ends stage after stage, kills what does not end in its time, and starts nothing again', async () => {
    const kept = supervisor({ firstMs: 1, mostMs: 1, upMs: 10_000 });
    const events: string[] = [];
    const polite = `process.on('SIGTERM', () => { console.log('ends'); process.exit(0); }); ${endless}; console.log('up')`;
    const stubborn = `process.on('SIGTERM', () => console.log('no')); ${endless}; console.log('up')`;
    for (const [name, script] of Object.entries({ a: polite, b: stubborn, c: polite })) {
      await kept.start(part(name, script, (line) => events.push(`${name} ${line}`)));
    }
    await waitUntil(() => events.length === 3, SOON);
    events.length = 0;
    const stages = [
      { names: ['c'], reservedMs: 1_000 },
      { names: ['b', 'not there'], reservedMs: 100 },
      { names: ['a'], reservedMs: 2_000 },
    ];
    await kept.end(stages, 3_000);
    expect(events).toEqual(['c ends', 'b no', 'a ends']);
    expect(['a', 'b', 'c'].map((name) => kept.pidOf(name))).toEqual([undefined, undefined, undefined]);
    expect(said).toEqual([]);
  });
});
