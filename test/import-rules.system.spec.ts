import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { BREACHES, HOUSE, OTHER_HALF, PACKAGES } from './support/import-breaches.js';

const ROOT = path.resolve(import.meta.dirname, '..');
const DEPCRUISE = path.join(ROOT, 'node_modules/.bin/depcruise');

interface Rule {
  readonly name: string;
  readonly comment: string;
}

interface Cruise {
  readonly status: number | null;
  readonly stdout: string;
}

interface Found {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as { forbidden: readonly Rule[] };

describe('the import rules', () => {
  let folder: string;
  let lawful: Cruise;
  let broken: Cruise;
  let found: readonly Found[];

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-house-'));
    for (const file of ['.dependency-cruiser.cjs', 'tsconfig.json', 'package.json'])
      await cp(path.join(ROOT, file), path.join(folder, file));
    for (const name of PACKAGES) {
      await put(
        `node_modules/${name}/package.json`,
        JSON.stringify({ name, version: '1.0.0', main: 'index.js', types: 'index.d.ts' }),
      );
      await put(`node_modules/${name}/index.js`, 'module.exports = {};');
      await put(`node_modules/${name}/index.d.ts`, 'export {};');
    }
    // The compiler, by which TypeScript is read: the one of the repository.
    await symlink(path.join(ROOT, 'node_modules/typescript'), path.join(folder, 'node_modules/typescript'));
    for (const [file, text] of Object.entries(HOUSE)) await put(file, text);
    lawful = cruise(folder, 'err-long');
    for (const [file, text] of [...BREACHES, OTHER_HALF]) await put(file, text);
    broken = cruise(folder, 'err-long');
    found = (JSON.parse(cruise(folder, 'json').stdout) as { summary: { violations: Found[] } }).summary.violations;
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('are kept by the repository', () => {
    const { status, stdout } = cruise(ROOT, 'err-long', ['apps', 'libs', 'test', 'tools']);
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('no dependency violations found'),
    });
    const [, modules] = /\((\d+) modules/.exec(stdout) ?? [];
    expect(Number(modules)).toBeGreaterThan(150);
  });

  it('are kept by a house that does what it may', () => {
    expect(lawful).toMatchObject({ status: 0, stdout: expect.stringContaining('no dependency violations found') });
  });

  it('fail when they are broken', () => {
    expect(broken.status).not.toBe(0);
  });

  it.each(BREACHES)('refuse that %s says: %s', (file, _text, to, rule) => {
    const said = found.filter(({ from }) => from === file);
    expect(said.map((breach) => [lastName(breach.to), breach.rule.name])).toContainEqual([lastName(to), rule]);
  });

  it('say the cure with every breach', () => {
    const text = broken.stdout.replaceAll(/\s+/g, ' ');
    for (const name of new Set(found.map(({ rule }) => rule.name))) {
      const comment = forbidden.find((rule) => rule.name === name)?.comment ?? 'no comment';
      expect(text).toContain(comment.replaceAll(/\s+/g, ' '));
    }
  });

  it('are each broken by something here, so that none is dead', () => {
    const names = forbidden.map((rule) => rule.name);
    expect(names.filter((name) => !BREACHES.some(([, , , rule]) => rule === name))).toEqual([]);
  });

  it('refuse nothing that may be', () => {
    const files = new Set([...BREACHES, OTHER_HALF].map(([file]) => file));
    expect(found.filter(({ from }) => !files.has(from))).toEqual([]);
  });

  async function put(file: string, text: string): Promise<void> {
    const whole = path.join(folder, file);
    await mkdir(path.dirname(whole), { recursive: true });
    await writeFile(whole, `${text}\n`);
  }
});

function cruise(cwd: string, outputType: string, folders: readonly string[] = ['apps', 'libs', 'test']): Cruise {
  const arguments_ = [DEPCRUISE, '--config', '.dependency-cruiser.cjs', '--output-type', outputType, ...folders];
  return spawnSync(process.execPath, arguments_, { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
}

/** The name of a package, wherever it was found, and every other path as it is. */
function lastName(to: string): string {
  return to
    .replace(/^.*node_modules\//, '')
    .replace(/\/index\.(d\.ts|js)$/, '')
    .replace(/^libs\/(\w+)\/src$/, '@app/$1');
}
