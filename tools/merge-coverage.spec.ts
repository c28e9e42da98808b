import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const PROGRAM = path.resolve(import.meta.dirname, 'merge-coverage.mjs');

describe('coverage of shards', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-coverage-'));
    mkdirSync(path.join(folder, 'libs/domain/src'), { recursive: true });
    writeFileSync(path.join(folder, 'libs/domain/src/slot.ts'), 'one();\ntwo();\n');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What Jest writes of a file of two lines, run in some other folder. */
  function shard(name: string, counts: readonly [number, number]): void {
    const line = (at: number) => ({ start: { line: at, column: 0 }, end: { line: at, column: 6 } });
    const file = `/builds/${name}/tidemark/libs/domain/src/slot.ts`;
    const entry = {
      path: file,
      statementMap: { 0: line(1), 1: line(2) },
      fnMap: {},
      branchMap: {},
      s: { 0: counts[0], 1: counts[1] },
      f: {},
      b: {},
    };
    const support = { ...entry, path: `/builds/${name}/tidemark/test/support/processes.ts` };
    mkdirSync(path.join(folder, 'coverage', name), { recursive: true });
    writeFileSync(
      path.join(folder, 'coverage', name, 'coverage-final.json'),
      JSON.stringify({ [file]: entry, [support.path]: support }),
    );
  }

  const merge = () => spawnSync(process.execPath, [PROGRAM], { cwd: folder, encoding: 'utf8' });

  it('is added up, wherever each shard ran, and tells the figure in the words that GitLab reads', () => {
    shard('shard-1', [3, 0]);
    expect(merge().stdout).toMatch(/^Lines\s*:\s*(50(?:\.\d+)?)%/m);
    shard('shard-2', [1, 2]);
    expect(merge().stdout).toMatch(/^Lines\s*:\s*(100(?:\.\d+)?)%/m);
    const report = readFileSync(path.join(folder, 'coverage/cobertura-coverage.xml'), 'utf8');
    expect(report).toContain('filename="libs/domain/src/slot.ts"');
    expect(report).toContain('<line number="1" hits="4"');
    expect(report).not.toContain('processes.ts');
  });

  it('is no report where there is none to add', () => {
    expect(merge()).toMatchObject({ status: 1, stderr: expect.stringContaining('--coverage') });
  });
});
