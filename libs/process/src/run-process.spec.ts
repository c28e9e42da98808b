import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { explainListenError } from './listen-address.js';

const HOOKS = new URL('../../../test/standalone/typescript.hooks.mjs', import.meta.url).href;
const LOGGER = new URL('../../observability/src/logger.ts', import.meta.url).href;
const RUN_PROCESS = new URL('run-process.ts', import.meta.url).href;

interface Ended {
  readonly status: number | null;
  readonly signal: string | null;
  readonly lines: readonly string[];
}

/**
 * Runs a program in a process of its own. Its clock runs 50 times as fast, so that the limits of a shutdown pass quickly.
 * @param onLine called with each line it prints.
 */
function run(
  body: string,
  onLine: (line: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
): Promise<Ended> {
  const program = `
    const slow = globalThis.setTimeout;
    globalThis.setTimeout = (work, ms, ...rest) => slow(work, ms / 50, ...rest);
    const { createLogger } = await import(${JSON.stringify(LOGGER)});
    const { runProcess, runToCompletion } = await import(${JSON.stringify(RUN_PROCESS)});
    const logger = createLogger({ name: 'test', level: 'info' });
    const alive = setInterval(() => undefined, 1_000_000);
    const say = (line) => console.log(line);
    ${body}`;
  const child = spawn(
    process.execPath,
    ['--no-warnings', '--experimental-transform-types', '--import', HOOKS, '--input-type=module', '--eval', program],
    { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000, killSignal: 'SIGKILL' },
  );
  const lines: string[] = [];
  let rest = '';
  const read = (chunk: Buffer): void => {
    const parts = (rest + chunk.toString()).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      onLine(line, (signal) => child.kill(signal));
    }
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  return new Promise((resolve) => child.once('close', (status, signal) => resolve({ status, signal, lines })));
}

/** Signals the process when it has printed "started". */
function whenStarted(...signals: NodeJS.Signals[]) {
  return (line: string, kill: (signal: NodeJS.Signals) => void): void => {
    if (line === 'started') for (const signal of signals) kill(signal);
  };
}

describe('running a process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s closes it and ends it with status 0', async (signal) => {
    const ended = await run(
      `runProcess(logger, async () => { setTimeout(() => say('started'), 0); return { close: async () => say('closed') }; });`,
      whenStarted(signal),
    );
    expect(ended).toEqual({ status: 0, signal: null, lines: ['started', 'closed'] });
  });

  test('closes once, however many signals come', async () => {
    const ended = await run(
      `runProcess(logger, async () => {
         setTimeout(() => say('started'), 0);
         return { close: async () => { say('closed'); await new Promise((done) => setTimeout(done, 5_000)); } };
       });`,
      whenStarted('SIGTERM', 'SIGINT'),
    );
    expect(ended).toEqual({ status: 0, signal: null, lines: ['started', 'closed'] });
  });

  test('a second signal of the same kind does not cut short an end that is under way', async () => {
    const ended = await run(
      `runProcess(logger, async () => {
         setTimeout(() => say('started'), 0);
         return { close: async () => { say('closing'); await new Promise((done) => setTimeout(done, 5_000)); say('closed'); } };
       });`,
      (line, kill) => {
        if (line === 'started' || line === 'closing') kill('SIGTERM');
      },
    );
    expect(ended).toEqual({ status: 0, signal: null, lines: ['started', 'closing', 'closed'] });
  });

  test.each([
    { close: 'an orderly end', body: 'async () => undefined', status: 0 },
    { close: 'a close that fails', body: `async () => { throw new Error('in vain'); }`, status: 1 },
    { close: 'a close that hangs', body: '() => new Promise(() => undefined)', status: 1 },
  ])('$close waits for no thread that is held by what cannot be called off', async ({ body, status }) => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-held-'));
    // To open a pipe that nobody writes to takes a thread for ever, as a name server that says nothing takes it for 10 s.
    const pipe = path.join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const ended = await run(
      `const { open } = await import('node:fs');
       open(${JSON.stringify(pipe)}, () => undefined);
       runProcess(logger, async () => { setTimeout(() => say('started'), 0); return { close: ${body} }; });`,
      whenStarted('SIGTERM'),
    );
    rmSync(folder, { recursive: true });
    expect(ended).toMatchObject({ status, signal: null });
  });

  test('says first that it will end, and serves on for the time of its draining', async () => {
    const ended = await run(
      `runProcess(logger, async () => {
         setTimeout(() => say('started'), 0);
         return {
           end: () => { say('ending'); setTimeout(() => say('still serving'), 15_000); },
           close: async () => say('closed'),
         };
       }, { drainMs: 20_000 });`,
      whenStarted('SIGTERM'),
    );
    expect(ended).toEqual({ status: 0, signal: null, lines: ['started', 'ending', 'still serving', 'closed'] });
  });

  test('what fails does not serve on', async () => {
    const ended = await run(
      `runProcess(logger, async () => {
         setTimeout(() => { throw new Error('nobody caught this'); }, 0);
         return { end: () => setTimeout(() => say('still serving'), 1), close: async () => say('closed') };
       }, { drainMs: 20_000 });`,
    );
    expect(ended.status).toBe(1);
    expect(ended.lines).not.toContain('still serving');
  });

  test('a start that fails ends it with status 1 and one line that says why', async () => {
    const ended = await run(`runProcess(logger, async () => { throw new Error('API_PORT 8000 is in use'); });`);
    expect(ended.status).toBe(1);
    expect(ended.lines).toHaveLength(1);
    expect(JSON.parse(ended.lines[0] ?? '')).toMatchObject({
      level: 'fatal',
      process: 'test',
      msg: 'API_PORT 8000 is in use',
    });
  });

  test.each([
    ['thrown', `setTimeout(() => { throw new Error('nobody caught this'); }, 0)`],
    ['rejected', `void Promise.reject(new Error('nobody caught this'))`],
  ])('something %s that nobody handles closes it and ends it with status 1', async (_kind, fault) => {
    const ended = await run(
      `runProcess(logger, async () => { setTimeout(() => { ${fault} }, 10); return { close: async () => say('closed') }; });`,
    );
    expect(ended.status).toBe(1);
    expect(ended.lines.filter((line) => line.includes('nobody caught this'))).toHaveLength(1);
    expect(ended.lines).toContain('closed');
  });

  /** A process that closes for a while; this happens first meanwhile. */
  const closingWhile = (body: string): string => `runProcess(logger, async () => {
    setTimeout(() => say('started'), 0);
    return { close: async () => { ${body}; await new Promise((done) => setTimeout(done, 5_000)); say('closed'); } };
  });`;

  test.each([
    ['thrown', `setTimeout(() => { throw new Error('nobody caught this'); }, 0)`],
    ['rejected', `void Promise.reject(new Error('nobody caught this'))`],
  ])('something %s during the end after a signal lets it go on and makes its status 1', async (_kind, fault) => {
    const ended = await run(closingWhile(fault), whenStarted('SIGTERM'));
    expect(ended).toMatchObject({ status: 1, signal: null });
    expect(ended.lines).toEqual(['started', expect.stringContaining('"msg":"nobody caught this"'), 'closed']);
  });

  test('a second fault during the end after a first is logged too, and lets it go on', async () => {
    const ended = await run(
      `${closingWhile(`setTimeout(() => { throw new Error('the second'); }, 0)`)}
       setTimeout(() => { throw new Error('the first'); }, 500);`,
    );
    expect(ended).toMatchObject({ status: 1, signal: null });
    expect(ended.lines).toEqual([
      'started',
      expect.stringContaining('"msg":"the first"'),
      expect.stringContaining('"msg":"the second"'),
      'closed',
    ]);
  });

  test('what fails while it serves on after a signal serves no longer', async () => {
    const ended = await run(
      `runProcess(logger, async () => {
         setTimeout(() => say('started'), 0);
         return {
           end: () => setTimeout(() => { throw new Error('nobody caught this'); }, 0),
           close: async () => say('closed'),
         };
       }, { drainMs: 1_000_000 });`,
      whenStarted('SIGTERM'),
    );
    expect(ended).toMatchObject({ status: 1, signal: null });
    expect(ended.lines.at(-1)).toBe('closed');
  });

  test('a close that fails ends it with status 1 and says so', async () => {
    const ended = await run(
      `runProcess(logger, async () => { setTimeout(() => say('started'), 0); return { close: async () => { throw new Error('stuck'); } }; });`,
      whenStarted('SIGTERM'),
    );
    expect(ended.status).toBe(1);
    expect(ended.lines.at(-1)).toContain('could not end in an orderly way');
  });

  test('a close that hangs is cut with status 1', async () => {
    const ended = await run(
      `runProcess(logger, async () => { setTimeout(() => say('started'), 0); return { close: () => new Promise(() => undefined) }; });`,
      whenStarted('SIGTERM'),
    );
    expect(ended).toEqual({ status: 1, signal: null, lines: ['started'] });
  });

  test('a close that hangs is no success either when nothing else keeps the process', async () => {
    const ended = await run(
      `clearInterval(alive);
       runProcess(logger, async () => {
         setTimeout(() => { throw new Error('broken'); }, 10);
         return { close: () => new Promise(() => undefined) };
       });`,
    );
    expect(ended.status).toBe(1);
  });

  test('what no new start mends is said in its own words, with status 2, and nothing is logged', async () => {
    const ended = await run(
      `runProcess(logger, async () => { throw Object.assign(new Error('Wrong:\\n  - A: b'), { exitStatus: 2 }); });`,
    );
    expect(ended).toEqual({ status: 2, signal: null, lines: ['Wrong:', '  - A: b'] });
  });

  test('a fault that was foreseen is logged without its stack', async () => {
    const { status, lines } = await run(
      `runProcess(logger, async () => { throw Object.assign(new Error('in use'), { exitStatus: 1 }); });`,
    );
    expect(status).toBe(1);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([{ level: 'fatal', msg: 'in use' }]);
    expect(lines.join()).not.toContain('stack');
  });

  test('a signal while it starts ends it', async () => {
    const ended = await run(
      `runProcess(logger, () => { setTimeout(() => say('started'), 0); return new Promise(() => undefined); });`,
      whenStarted('SIGTERM'),
    );
    expect(ended).toEqual({ status: 0, signal: null, lines: ['started'] });
  });
});

describe('running a task', () => {
  test('ends with status 0 when it is done, also when something would keep the process', async () => {
    expect(await run(`runToCompletion('migrate', async () => say('done'));`)).toEqual({
      status: 0,
      signal: null,
      lines: ['done'],
    });
  });

  test('ends with status 1 and one line when it fails', async () => {
    expect(await run(`runToCompletion('migrate', async () => { throw new Error('no database'); });`)).toEqual({
      status: 1,
      signal: null,
      lines: ['migrate: no database'],
    });
  });
});

describe('preparing a process', () => {
  const FAULT_STATUS = new URL('fault-status.ts', import.meta.url).href;
  const prepare = (fault: string) =>
    run(`const { prepareOrExit } = await import(${JSON.stringify(FAULT_STATUS)});
      await prepareOrExit(() => { throw ${fault}; });
      say('went on');`);

  test('says what no new start mends and ends with status 2', async () => {
    const fault = `Object.assign(new Error('The environment is not usable:\\n  - A: must be b'), { exitStatus: 2 })`;
    expect(await prepare(fault)).toEqual({
      status: 2,
      signal: null,
      lines: ['The environment is not usable:', '  - A: must be b'],
    });
  });

  test('shows where a fault is that nobody has foreseen, and ends with status 1', async () => {
    const { status, lines } = await prepare(`new TypeError('odd')`);
    expect(status).toBe(1);
    expect(lines[0]).toBe('TypeError: odd');
    expect(lines[1]).toMatch(/^ {4}at /);
    expect(lines).not.toContain('went on');
  });
});

describe('explaining why nobody can listen there', () => {
  const address = { host: '192.0.2.1', port: 80, portVariable: 'WORKER_PORT' };

  test.each([
    ['EADDRINUSE', /^WORKER_PORT 80 is in use: .* set WORKER_PORT to another port\.$/, 1],
    ['EACCES', /^WORKER_PORT 80 may not be used by this user: set WORKER_PORT to a port above 1023\.$/, 2],
    ['EADDRNOTAVAIL', /^WORKER_HOST 192\.0\.2\.1 cannot be listened on .*set WORKER_HOST to an address of/, 1],
  ])('names the variable and the cure for %s', (code, sentence, exitStatus) => {
    const cause = Object.assign(new Error(`listen ${code}`), { code });
    const explained = explainListenError(cause, address);
    expect(explained.message).toMatch(sentence);
    expect(explained).toMatchObject({ exitStatus, cause });
  });

  test('leaves other errors as they are, and makes one of what is none', () => {
    const error = Object.assign(new Error('listen EMFILE'), { code: 'EMFILE' });
    expect(explainListenError(error, address)).toBe(error);
    expect(explainListenError('odd', address)).toEqual(new Error('odd'));
    expect(explainListenError(null, address)).toBeInstanceOf(Error);
  });
});
