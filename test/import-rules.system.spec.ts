import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');
const DEPCRUISE = path.join(ROOT, 'node_modules/.bin/depcruise');

/** A small house in which everything is allowed. */
const HOUSE: Readonly<Record<string, string>> = {
  'libs/domain/src/index.ts': "export * from './slot.js';",
  'libs/domain/src/slot.ts':
    "import { Decimal } from 'decimal.js'; export const slot = Decimal; export type Slot = number;",
  'libs/config/src/index.ts': "import { z } from 'zod'; export const config = z;",
  'libs/observability/src/index.ts': "import { pino } from 'pino'; export const log = pino;",
  'libs/queue/src/index.ts':
    "import { slot } from '@app/domain'; import { Queue } from 'bullmq'; export const queue = [slot, Queue];",
  'libs/storage/src/index.ts': "import type { Slot } from '@app/domain'; export const storage: Slot = 1;",
  'libs/sources/src/index.ts': "export * from './providers/good.source.js'; export * from './http/source-client.js';",
  'libs/sources/src/contract/index.ts': 'export const contract = 1;',
  'libs/sources/src/http/source-client.ts': "import got from 'got'; export const client = got;",
  'libs/sources/src/providers/good.source.ts':
    "import { slot } from '@app/domain'; import { z } from 'zod'; import { contract } from '../contract/index.js'; export const good = [slot, z, contract];",
  'apps/api/src/main.ts':
    "import { storage } from '@app/storage'; import { Module } from '@nestjs/common'; export const api = [storage, Module];",
  'apps/worker/src/main.ts':
    "import { queue } from '@app/queue'; import { good } from '@app/sources'; export const worker = [queue, good];",
  'apps/worker/src/main.spec.ts':
    "import fc from 'fast-check'; import { slot } from '../../../libs/domain/src/slot.js'; import '../../api/src/main.js'; export const spec = [fc, slot];",
  'test/flow.ts':
    "import '../apps/api/src/main.js'; import '../libs/sources/src/providers/good.source.js'; export const flow = 1;",
};

/** Packages that the house finds in its node_modules. */
const PACKAGES = ['@nestjs/common', 'bullmq', 'decimal.js', 'fast-check', 'got', 'ioredis', 'pino', 'typeorm', 'zod'];

/** What is not allowed: the file, what it says, where that leads, and the rule that it breaks. */
const BREACHES: readonly (readonly [file: string, text: string, to: string, rule: string])[] = [
  ['libs/domain/src/nest.ts', "import '@nestjs/common';", '@nestjs/common', 'domain-is-pure'],
  [
    'libs/domain/src/typeorm.ts',
    "import type { DataSource } from 'typeorm'; export type D = DataSource;",
    'typeorm',
    'domain-is-pure',
  ],
  ['libs/domain/src/files.ts', "import 'node:fs';", 'fs', 'domain-is-pure'],
  [
    'libs/domain/src/storage.ts',
    "import { storage } from '@app/storage'; export const s = storage;",
    'libs/storage/src/index.ts',
    'domain-is-pure',
  ],
  [
    'libs/domain/src/type-only.ts',
    "import type { config } from '@app/config'; export type C = typeof config;",
    'libs/config/src/index.ts',
    'domain-is-pure',
  ],
  [
    'libs/config/src/domain.ts',
    "import { slot } from '@app/domain'; export const s = slot;",
    'libs/domain/src/index.ts',
    'foundation-libs-are-alone',
  ],
  [
    'libs/observability/src/config.ts',
    "import { config } from '@app/config'; export const c = config;",
    'libs/config/src/index.ts',
    'foundation-libs-are-alone',
  ],
  [
    'libs/embedded/src/domain.ts',
    "import { slot } from '@app/domain'; export const s = slot;",
    'libs/domain/src/index.ts',
    'embedded-only-knows-config',
  ],
  ['libs/observability/src/nest.ts', "import '@nestjs/common';", '@nestjs/common', 'observability-runs-without-nest'],
  [
    'libs/sources/src/queue.ts',
    "import { queue } from '@app/queue'; export const q = queue;",
    'libs/queue/src/index.ts',
    'middle-libs-only-know-domain',
  ],
  [
    'libs/storage/src/sources.ts',
    "import type { good } from '@app/sources'; export type G = typeof good;",
    'libs/sources/src/index.ts',
    'middle-libs-only-know-domain',
  ],
  [
    'libs/queue/src/storage.ts',
    "import { storage } from '@app/storage'; export const s = storage;",
    'libs/storage/src/index.ts',
    'middle-libs-only-know-domain',
  ],
  [
    'libs/queue/src/config.ts',
    "import { config } from '@app/config'; export const c = config;",
    'libs/config/src/index.ts',
    'middle-libs-only-know-domain',
  ],
  [
    'apps/worker/src/deep.ts',
    "import { slot } from '../../../libs/domain/src/slot.js'; export const s = slot;",
    'libs/domain/src/slot.ts',
    'libs-by-their-index',
  ],
  [
    'apps/worker/src/deep-type.ts',
    "import type { Slot } from '../../../libs/domain/src/slot.js'; export type S = Slot;",
    'libs/domain/src/slot.ts',
    'libs-by-their-index',
  ],
  [
    'libs/queue/src/deep.ts',
    "import { slot } from '../../domain/src/slot.js'; export const s = slot;",
    'libs/domain/src/slot.ts',
    'libs-by-their-index',
  ],
  [
    'apps/worker/src/deep-alias.ts',
    "import { slot } from '@app/domain/src/slot'; export const s = slot;",
    '@app/domain/src/slot',
    'resolvable',
  ],
  [
    'apps/worker/src/other-app.ts',
    "import { api } from '../../api/src/main.js'; export const a = api;",
    'apps/api/src/main.ts',
    'apps-are-processes',
  ],
  [
    'libs/observability/src/app.ts',
    "import type { api } from '../../../apps/api/src/main.js'; export type A = typeof api;",
    'apps/api/src/main.ts',
    'libs-know-no-app',
  ],
  ['apps/api/src/bullmq.ts', "import 'bullmq';", 'bullmq', 'api-reads-postgres-only'],
  [
    'apps/api/src/ioredis.ts',
    "import type { Redis } from 'ioredis'; export type R = Redis;",
    'ioredis',
    'api-reads-postgres-only',
  ],
  ['apps/api/src/got.ts', "export const later = () => import('got');", 'got', 'api-reads-postgres-only'],
  [
    'apps/api/src/queue.ts',
    "import { queue } from '@app/queue'; export const q = queue;",
    'libs/queue/src/index.ts',
    'api-reads-postgres-only',
  ],
  [
    'apps/api/src/sources.ts',
    "export { good } from '@app/sources';",
    'libs/sources/src/index.ts',
    'api-reads-postgres-only',
  ],
  [
    'libs/sources/src/providers/http.source.ts',
    "import got from 'got'; export const g = got;",
    'got',
    'source-file-is-request-and-parse',
  ],
  [
    'libs/sources/src/providers/core-http.source.ts',
    "import 'node:https';",
    'https',
    'source-file-is-request-and-parse',
  ],
  [
    'libs/sources/src/providers/copy.source.ts',
    "import { good } from './good.source.js'; export const g = good;",
    'libs/sources/src/providers/good.source.ts',
    'source-file-is-request-and-parse',
  ],
  [
    'libs/sources/src/providers/client.source.ts',
    "import { client } from '../http/source-client.js'; export const c = client;",
    'libs/sources/src/http/source-client.ts',
    'source-file-is-request-and-parse',
  ],
  [
    'apps/worker/src/tested.ts',
    "import { spec } from './main.spec.js'; export const s = spec;",
    'apps/worker/src/main.spec.ts',
    'shipped-code-imports-no-test',
  ],
  [
    'libs/queue/src/helped.ts',
    "import { flow } from '../../../test/flow.js'; export const f = flow;",
    'test/flow.ts',
    'shipped-code-imports-no-test',
  ],
  [
    'apps/worker/src/developed.ts',
    "import fc from 'fast-check'; export const f = fc;",
    'fast-check',
    'shipped-code-needs-no-dev-dependency',
  ],
  [
    'libs/storage/src/one.ts',
    "import { two } from './two.js'; export const one = () => two;",
    'libs/storage/src/two.ts',
    'no-cycles',
  ],
  ['libs/queue/src/forgotten.ts', 'export const forgotten = 1;', 'libs/queue/src/forgotten.ts', 'no-orphans'],
  ['apps/worker/src/astray.ts', "import './nowhere.js';", './nowhere.js', 'resolvable'],
  ['apps/worker/src/missing.ts', "import 'no-such-package';", 'no-such-package', 'resolvable'],
];

/** The other half of the cycle, which is reported once. */
const OTHER_HALF = [
  'libs/storage/src/two.ts',
  "import { one } from './one.js'; export const two = () => one;",
] as const;

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
