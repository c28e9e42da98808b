import { spawnSync } from 'node:child_process';
import { entryPoint } from './support/processes.js';

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
