import { describeEnd, startChild, type Child } from './child-process.js';
import { identify, sendSignal } from './process-identity.js';
import { waitUntil } from './wait-until.js';
import { startProgram } from '../../../test/standalone/typescript-program.js';

const started: Child[] = [];

async function node(script: string, onLine?: (line: string) => void): Promise<Child> {
  const child = await startChild({
    name: 'child',
    command: process.execPath,
    arguments: ['-e', script],
    environment: { GREETING: 'hello' },
    onLine,
  });
  started.push(child);
  return child;
}

/** A child that says `up` and then runs until it is ended. */
async function endless(script = ''): Promise<Child> {
  let up = (): void => undefined;
  const isUp = new Promise<void>((resolve) => (up = resolve));
  const child = await node(`${script}; setInterval(() => undefined, 1000); console.log('up')`, up);
  await isUp;
  return child;
}

afterEach(async () => {
  for (const child of started.splice(0)) await child.stop(0);
});

describe('a child', () => {
  it('hands over each of its lines, also the one without an end, and knows its environment alone', async () => {
    const lines: string[] = [];
    const script = 'console.log(Object.keys(process.env).join()); console.error("b"); process.stdout.write("end")';
    const child = await node(script, (line) => lines.push(line));
    expect(await child.ended).toEqual({ status: 0, signal: null });
    await child.stop(0);
    expect(lines).toEqual(expect.arrayContaining(['b', 'end']));
    expect(
      lines
        .find((line) => line.includes('GREETING'))
        ?.split(',')
        .sort(),
    ).toEqual(expect.not.arrayContaining(['HOME', 'PATH']));
    expect(child.lastLines()).toEqual(lines);
  });

  it('says with which status it ended', async () => {
    const end = await (await node('process.exit(7)')).ended;
    expect(describeEnd(end)).toBe('status 7');
  });

  it('ends in an orderly way when it is asked to', async () => {
    const child = await endless("process.on('SIGTERM', () => process.exit(5))");
    expect(await child.stop(10_000)).toEqual({ status: 5, signal: null });
    expect(identify(child.pid)).toBeUndefined();
  });

  it('is killed when it does not end in its time', async () => {
    const child = await endless("process.on('SIGTERM', () => undefined)");
    expect(describeEnd(await child.stop(50))).toBe('signal SIGKILL');
  });

  it('leaves no watchdog behind when it dies by itself', async () => {
    const child = await endless();
    sendSignal(child.pid, 'SIGKILL');
    await child.ended;
    await child.stop(0);
    // Every member of its process group is gone, the watchdog among them.
    expect(await waitUntil(() => !sendSignal(-child.pid, 'SIGCONT'), { limitMs: 5_000 })).toBe(true);
  });

  it('cannot be started as a user that the system does not let this process become', async () => {
    const start = startChild({
      name: 'child',
      command: '/bin/true',
      arguments: [],
      environment: {},
      workingFolder: '/no/such/folder',
    });
    await expect(start).rejects.toThrow(/^child \(\/bin\/true\) cannot be started: /);
  });

  it('dies with a launcher that is killed by kill -9, even when it does not listen to SIGTERM', async () => {
    const launcher = startProgram('hold-children.ts');
    const [willing, stubborn] = await Promise.all(
      ['willing', 'stubborn'].map(async (name) => Number((await launcher.line(new RegExp(`^${name} `))).split(' ')[1])),
    );
    expect(identify(willing ?? 0)).toBeDefined();
    expect(identify(stubborn ?? 0)).toBeDefined();
    launcher.process.kill('SIGKILL');
    const gone = (pid: number | undefined) => () => !sendSignal(-(pid ?? 0), 'SIGCONT');
    expect(await waitUntil(gone(willing), { limitMs: 10_000 })).toBe(true);
    expect(await waitUntil(gone(stubborn), { limitMs: 10_000 })).toBe(true);
  });
});
