import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

describe('the lint rules', () => {
  const ENVIRONMENT_CURE = 'Read the environment in libs/config and hand the value over as an argument.';
  const CLOCK_CURE = 'The domain is pure: "now" is an argument.';
  const VALUE_CURE = 'The domain is pure: take the value as an argument.';

  /** A file of the repository, what it would say, and the cure that is named; undefined where it may say so. */
  const CASES: readonly (readonly [file: string, text: string, cure: string | undefined])[] = [
    ['apps/worker/src/start-worker.ts', 'export const x = process.env.HOME;', ENVIRONMENT_CURE],
    ['apps/scheduler/src/start-scheduler.ts', "export const x = process['env'];", ENVIRONMENT_CURE],
    ['libs/storage/src/database/pool.ts', 'export const { env } = process;', ENVIRONMENT_CURE],
    ['libs/queue/src/queue-store.ts', "import { env } from 'node:process'; export const x = env;", ENVIRONMENT_CURE],
    ['libs/sources/src/registry.ts', 'export const x = globalThis.process.env;', ENVIRONMENT_CURE],
    ['libs/config/src/load-settings.ts', 'export const x = process.env.HOME;', undefined],
    ['libs/domain/src/slot.ts', 'export const x = Date.now();', CLOCK_CURE],
    ['libs/domain/src/slot.ts', 'export const x = new Date();', CLOCK_CURE],
    ['libs/domain/src/slot.ts', 'export const x = performance.now();', CLOCK_CURE],
    ['libs/domain/src/slot.ts', 'export const x = new Date(1);', undefined],
    ['libs/domain/src/slot.ts', 'export const x = process.cwd();', VALUE_CURE],
    ['libs/domain/src/slot.ts', 'export const x = process.env.HOME;', VALUE_CURE],
    ['apps/worker/src/start-worker.ts', 'export const x = Date.now();', undefined],
  ];

  let messages: readonly (readonly string[])[];

  beforeAll(() => {
    const script = `
      import { ESLint } from 'eslint';
      const eslint = new ESLint();
      const told = [];
      for (const [filePath, text] of ${JSON.stringify(CASES)}) {
        const results = await eslint.lintText(text, { filePath });
        told.push(results.flatMap((result) => result.messages.map(({ message }) => message)));
      }
      process.stdout.write(JSON.stringify(told));`;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
    messages = JSON.parse(run.stdout) as string[][];
  }, 60_000);

  it.each(CASES.map(([file, text, cure], index) => ({ file, text, cure, index })))(
    'judge that $file says: $text',
    ({ cure, index }) => {
      const told = (messages[index] ?? ['nothing was judged']).join('\n');
      if (cure === undefined) expect(told).toBe('');
      else expect(told).toContain(cure);
    },
  );
});
