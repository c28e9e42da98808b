import { spawnSync } from 'node:child_process';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

describe('the lint rules', () => {
  const ENVIRONMENT_CURE = 'Read the environment in libs/config and hand the value over as an argument.';
  const CLOCK_CURE = 'The domain is pure: "now" is an argument.';
  const VALUE_CURE = 'The domain is pure: take the value as an argument.';

  const PARAMETERS_CURE = 'At most 4 parameters: make one object of those that belong together.';
  const WORD_CURE = 'Name what it is: what was reported or said, a slot source, a round.';
  const SUFFIX_CURE = 'What a class, a function or a module is made with is its `...Options`.';
  const longFunction = (lines: number): string =>
    `export function f(x: number[]): void {\n${'  x.push(1);\n'.repeat(lines - 2)}}\n`;

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
    ...['apps/worker/src/start-worker.ts', 'libs/domain/src/slot.ts', 'libs/config/src/load-settings.ts'].flatMap(
      (file): [file: string, text: string, cure: string | undefined][] => [
        [file, 'export const x = (...[a]: number[]): unknown => a;', undefined],
        [file, 'export const x = (a: 1, b: 1, c: 1, d: 1): unknown => [a, b, c, d];', undefined],
        [file, 'export const x = (a: 1, b: 1, c: 1, d: 1, e: 1): unknown => [a, b, c, d, e];', PARAMETERS_CURE],
        [
          file,
          'export class X { x(a: 1, b: 1, c: 1, d: 1, e: 1): unknown { return [a, b, c, d, e]; } }',
          PARAMETERS_CURE,
        ],
        [
          file,
          'export class X { constructor(readonly a: 1, b: 1, c: 1, d: 1, e: 1) { void [b, c, d, e]; } }',
          undefined,
        ],
        [file, longFunction(60), undefined],
        [file, 'export const told = 1;', WORD_CURE],
        [file, 'export interface Told { x: 1 }', WORD_CURE],
        [file, 'export interface SlotTurns { x: 1 }', WORD_CURE],
        [file, 'export const returned = 1;', undefined],
        [file, 'export const sourceName = 1;', 'sourceSymbol'],
        [file, 'export const x = `SELECT ts.source_name`;', 'source_symbol'],
        [file, 'export interface TickerPlan { x: 1 }', 'ticker configuration'],
        [file, 'export const exchange = { plan: 1 };', undefined],
        [file, 'export interface WorkerParts { x: 1 }', SUFFIX_CURE],
        [file, 'export interface WorkerOptions { x: 1 }', undefined],
        [file, longFunction(61), 'too many lines (61)'],
      ],
    ),
  ];

  let messages: readonly (readonly string[])[];

  beforeAll(() => {
    const script = `
      import { ESLint } from 'eslint';
      const eslint = new ESLint();
      const said = [];
      for (const [filePath, text] of ${JSON.stringify(CASES)}) {
        const results = await eslint.lintText(text, { filePath });
        said.push(results.flatMap((result) => result.messages.map(({ message }) => message)));
      }
      process.stdout.write(JSON.stringify(said));`;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: ROOT, encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
    messages = JSON.parse(run.stdout) as string[][];
  }, 60_000);

  it.each(CASES.map(([file, text, cure], index) => ({ file, text, cure, index })))(
    'judge that $file says: $text',
    ({ cure, index }) => {
      const said = (messages[index] ?? ['nothing was judged']).join('\n');
      if (cure === undefined) expect(said).toBe('');
      else expect(said).toContain(cure);
    },
  );
});

describe('the words that this project does not use', () => {
  it.each([
    ['const isSettled = settledTo;', ['Settled', 'settled'], 'decided'],
    ["const SETTLE_MS = sql`SET benched_until = 'infinity'`;", ['SETTLE', 'benched'], 'circuit_open'],
    ['Promise.allSettled(all); // make bench, exchange, plan', [], ''],
  ])('are found in: %s', (text, found, cure) => {
    // CSpell takes a file on standard input for the file of that name.
    const run = spawnSync(
      process.execPath,
      [
        path.join(ROOT, 'node_modules/cspell/bin.mjs'),
        '--no-progress',
        '--no-summary',
        'stdin://libs/domain/src/slot.ts',
      ],
      { cwd: ROOT, encoding: 'utf8', input: text },
    );
    expect([...run.stdout.matchAll(/Forbidden word \((\w+)\)/g)].map(([, word]) => word)).toEqual(found);
    expect(run.stdout).toContain(cure);
    expect(run.status).toBe(found.length === 0 ? 0 : 1);
  });
});
