/** A small house in which everything is allowed. */
export const HOUSE: Readonly<Record<string, string>> = {
  'libs/domain/src/index.ts': "export * from './slot.js';",
  'libs/domain/src/slot.ts':
    "import { Decimal } from 'decimal.js'; export const slot = Decimal; export type Slot = number;",
  'libs/config/src/index.ts': "import { z } from 'zod'; export const config = z;",
  'libs/observability/src/index.ts': "import { pino } from 'pino'; export const log = pino;",
  'libs/process/src/index.ts': "import { log } from '@app/observability'; export const run = log;",
  'libs/process/src/server/index.ts':
    "import { Module } from '@nestjs/common'; import { run } from '../run.js'; export const serve = [Module, run];",
  'libs/process/src/run.ts': 'export const run = 1;',
  'libs/queue/src/index.ts':
    "import { slot } from '@app/domain'; import { Queue } from 'bullmq'; export const queue = [slot, Queue];",
  'libs/storage/src/index.ts': "import type { Slot } from '@app/domain'; export const storage: Slot = 1;",
  'libs/sources/src/index.ts': "export * from './providers/good.source.js'; export * from './http/source-client.js';",
  'libs/sources/src/contract/index.ts': 'export const contract = 1;',
  'libs/sources/src/http/source-client.ts': "import got from 'got'; export const client = got;",
  'libs/sources/src/providers/good.source.ts':
    "import { slot } from '@app/domain'; import { z } from 'zod'; import { contract } from '../contract/index.js'; export const good = [slot, z, contract];",
  'libs/ingestion/src/index.ts':
    "import { good } from '@app/sources'; import { storage } from '@app/storage'; export const ingest = [good, storage];",
  'apps/api/src/main.ts':
    "import { storage } from '@app/storage'; import { serve } from '@app/process/server'; export const api = [storage, serve];",
  'apps/worker/src/main.ts':
    "import { queue } from '@app/queue'; import { good } from '@app/sources'; export const worker = [queue, good];",
  'apps/worker/src/main.spec.ts':
    "import fc from 'fast-check'; import { slot } from '../../../libs/domain/src/slot.js'; import '../../api/src/main.js'; export const spec = [fc, slot];",
  'test/flow.ts':
    "import '../apps/api/src/main.js'; import '../libs/sources/src/providers/good.source.js'; export const flow = 1;",
};

/** Packages that the house finds in its node_modules. */
export const PACKAGES = [
  '@nestjs/common',
  'bullmq',
  'decimal.js',
  'fast-check',
  'got',
  'ioredis',
  'pino',
  'typeorm',
  'zod',
];

/** What is not allowed: the file, what it says, where that leads, and the rule that it breaks. */
export const BREACHES: readonly (readonly [file: string, text: string, to: string, rule: string])[] = [
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
    'libs/ingestion/src/queue.ts',
    "import { queue } from '@app/queue'; export const q = queue;",
    'libs/queue/src/index.ts',
    'ingestion-knows-what-it-joins',
  ],
  [
    'libs/embedded/src/domain.ts',
    "import { slot } from '@app/domain'; export const s = slot;",
    'libs/domain/src/index.ts',
    'embedded-only-knows-config',
  ],
  [
    'libs/snapshots/src/storage.ts',
    "import { storage } from '@app/storage'; export const s = storage;",
    'libs/storage/src/index.ts',
    'snapshots-only-know-config',
  ],
  [
    'libs/process/src/storage.ts',
    "import { storage } from '@app/storage'; export const s = storage;",
    'libs/storage/src/index.ts',
    'process-only-knows-logs',
  ],
  [
    'libs/process/src/server/queue.ts',
    "import { queue } from '@app/queue'; export const q = queue;",
    'libs/queue/src/index.ts',
    'process-only-knows-logs',
  ],
  ['libs/observability/src/nest.ts', "import '@nestjs/common';", '@nestjs/common', 'processes-start-without-nest'],
  ['libs/process/src/nest.ts', "import '@nestjs/common';", '@nestjs/common', 'processes-start-without-nest'],
  [
    'libs/process/src/serve.ts',
    "import { serve } from './server/index.js'; export const s = serve;",
    'libs/process/src/server/index.ts',
    'processes-start-without-nest',
  ],
  [
    'apps/standalone/src/serve.ts',
    "import { serve } from '@app/process/server'; export const s = serve;",
    'libs/process/src/server/index.ts',
    'processes-start-without-nest',
  ],
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
    'apps/worker/src/deep-run.ts',
    "import { run } from '../../../libs/process/src/run.js'; export const r = run;",
    'libs/process/src/run.ts',
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
export const OTHER_HALF = [
  'libs/storage/src/two.ts',
  "import { one } from './one.js'; export const two = () => one;",
] as const;
