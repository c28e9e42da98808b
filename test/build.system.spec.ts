import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

describe('the build', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'tidemark-build-'));
    for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json']) {
      cpSync(path.join(ROOT, name), path.join(folder, name));
    }
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
    write('libs/domain/src/index.ts', "export * from './slot.js';\n");
    write('libs/domain/src/slot.ts', 'export const slot = 1;\n');
    write('apps/api/src/main.ts', "import { slot } from '@app/domain';\nexport const next = slot + 1;\n");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function write(name: string, text: string): void {
    const file = path.join(folder, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  function build(): { readonly status: number | null; readonly stderr: string } {
    const options = { cwd: folder, encoding: 'utf8' } as const;
    const { status, stderr } = spawnSync(process.execPath, [path.join(ROOT, 'tools/build.mjs')], options);
    return { status, stderr };
  }
  const done = { status: 0, stderr: '' };
  const output = (name: string): string => path.join(folder, 'dist', name);

  /** Every compiled file with its text, but what TypeScript notes for itself. */
  async function compiled(): Promise<Record<string, string>> {
    const files = await readdir(path.join(folder, 'dist'), { recursive: true });
    const names = files.filter((name) => /\.(js|map)$/.test(name)).sort();
    return Object.fromEntries(names.map((name) => [name, readFileSync(output(name), 'utf8')]));
  }
  async function fromNothing(): Promise<Record<string, string>> {
    rmSync(path.join(folder, 'dist'), { recursive: true });
    expect(build()).toEqual(done);
    return compiled();
  }

  it('leads from one part to another by paths that Node understands', () => {
    expect(build()).toEqual(done);
    expect(readFileSync(output('apps/api/src/main.js'), 'utf8')).toContain('"../../../libs/domain/src/index.js"');
  });

  it('compiles what has changed, and gives what a build from nothing gives', async () => {
    build();
    const untouched = statSync(output('libs/domain/src/index.js')).mtimeMs;
    write('apps/api/src/main.ts', "import { slot } from '@app/domain';\nexport const next = slot + 2;\n");
    expect(build()).toEqual(done);
    expect(statSync(output('libs/domain/src/index.js')).mtimeMs).toBe(untouched);
    expect(await compiled()).toEqual(await fromNothing());
  });

  it('leaves nothing of a file that was renamed, and puts back what somebody deleted', async () => {
    build();
    rmSync(path.join(folder, 'libs/domain/src/slot.ts'));
    write('libs/domain/src/moment.ts', 'export const slot = 1;\n');
    write('libs/domain/src/index.ts', "export * from './moment.js';\n");
    rmSync(output('apps/api/src/main.js'));
    expect(build()).toEqual(done);
    expect(Object.keys(await compiled()).filter((name) => name.includes('slot'))).toEqual([]);
    expect(await compiled()).toEqual(await fromNothing());
  });

  it('fails with what is wrong, again and again, also in files that did not change, and leaves what was there', async () => {
    build();
    const before = await compiled();
    write('libs/domain/src/slot.ts', "export const slot = { text: '1' };\n");
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(build()).toMatchObject({ status: 1, stderr: expect.stringMatching(/main\.ts.*TS2365/s) });
    }
    expect(await compiled()).toEqual(before);
    write('libs/domain/src/slot.ts', 'export const slot = 1;\n');
    expect(build()).toEqual(done);
    expect(existsSync(output('libs/domain/src/slot.js'))).toBe(true);
  });
});
