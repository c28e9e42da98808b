import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { entryPoint, startProcess } from './support/processes.js';

/** Sends the signal to the process itself when the program that it runs is about to be loaded. */
function preloaded(signal: string, program: string): string {
  const code = `import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      if (url.endsWith('${program}')) process.kill(process.pid, '${signal}');
      return next(url, context);
    },
  });`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

describe('a process that is told to end while it is loaded', () => {
  // As the first process of a container it would not hear a signal that nothing listens for, and be killed 10 s later.
  it.each([
    ['SIGTERM', 'worker', 'worker/src/main.js'],
    ['SIGINT', 'scheduler', 'scheduler/src/main.js'],
    ['SIGTERM', 'api', 'api/src/main.js'],
  ] as const)(
    'hears %s, as %s, and ends by itself',
    (signal, name, program) => {
      const words = ['--import', preloaded(signal, program), entryPoint('cli/src/main.js'), name];
      const result = spawnSync(process.execPath, words, {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], API_DATABASE_PASSWORD: 'reader-word', POSTGRES_PORT: '1' },
        timeout: 30_000,
      });
      // Its own handler, once there is one, or at once with the status of the signal.
      expect([0, 130, 143]).toContain(result.status);
      expect(result.signal).toBeNull();
    },
    40_000,
  );
});

describe('a command that ends in its own way', () => {
  it('is left to do so: fetch says what it has got when it is interrupted', async () => {
    // Takes the call and never answers.
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const words = ['fetch', '--ticker', 'btc_usd', '--source', 'kraken'];
    const running = startProcess('cli/src/main.js', { KRAKEN_URL: `http://127.0.0.1:${port}` }, 0, words);
    try {
      await once(server, 'request', { signal: AbortSignal.timeout(20_000) });
      await running.end('SIGINT');
      expect([running.child.exitCode, running.child.signalCode]).toEqual([1, null]);
      expect(running.stray()).toContain('btc_usd');
    } finally {
      server.closeAllConnections();
      server.close();
      running.child.kill('SIGKILL');
    }
  }, 40_000);
});
