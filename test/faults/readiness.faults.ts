import { setTimeout as sleep } from 'node:timers/promises';
import { PostgresProcess } from '../support/postgres-process.js';
import { eventually } from '../support/processes.js';
import { RedisProcess, redisServerName } from '../support/redis-process.js';
import { TestSystem } from '../support/test-system.js';

/** How long each store is away, in milliseconds: TEST_OUTAGE_SECONDS makes a longer run of the same. */
const AWAY_FOR_MS = Number(process.env['TEST_OUTAGE_SECONDS'] ?? 8) * 1000;

/** For how long `/readyz` may be wrong, in milliseconds. */
const WRONG_FOR_MS = 5_000;

/** How often each process is asked, in milliseconds: far more often than it may ask the stores. */
const ASK_EVERY_MS = 100;

/** An answer to such a question comes at once, since nobody waits for a store; this machine may be busy. */
const ANSWER_WITHIN_MS = 4_000;

interface Outage {
  readonly name: string;
  /** Processes that cannot work meanwhile. */
  readonly meets: readonly string[];
  /** What they say. */
  readonly reason: RegExp;
  begin(): void | Promise<void>;
  end(): void | Promise<void>;
}

/** What a process answered during an outage. */
interface Observed {
  readonly unreadyAfterMs: number | undefined;
  readonly readyAfterMs: number | undefined;
  readonly reasons: readonly string[];
  readonly notLive: readonly unknown[];
  readonly readyMeanwhile: number;
}

const hasRedis = redisServerName() !== undefined;
if (!hasRedis) process.stderr.write('No redis-server on the PATH: readiness without Redis is NOT tested.\n');

describe('the readiness of every process while a store is away', () => {
  let postgres: PostgresProcess;
  let redis: RedisProcess | undefined;
  let system: TestSystem;
  const urls = new Map<string, string>();

  beforeAll(async () => {
    postgres = await PostgresProcess.start();
    redis = hasRedis ? await RedisProcess.start() : undefined;
    system = await TestSystem.prepare({ databaseUrl: postgres.url, queueUrl: redis?.url, intervalSeconds: 1 });
    for (const app of ['scheduler', 'worker', 'api'] as const) urls.set(app, await system.start(app));
    for (const url of urls.values()) await eventually(`${url} to be ready`, 30_000, () => isReady(url));
  });
  afterAll(async () => {
    await system?.stop();
    await redis?.stop();
    await postgres?.stop();
  });

  const outages: Outage[] = [
    ...(hasRedis
      ? [
          {
            name: 'Redis is killed',
            meets: ['scheduler', 'worker'],
            // The question that was under way when it went is answered otherwise than those after it.
            reason: /the queue store cannot be reached: (connect ECONNREFUSED|Connection is closed)/,
            begin: () => redis?.kill(),
            end: () => redis?.start(),
          },
          {
            name: 'Redis is stopped',
            meets: ['scheduler', 'worker'],
            reason: /the queue store (cannot be reached: .+|did not answer within 1.5 s)/,
            begin: () => redis?.suspend(),
            end: () => redis?.resume(),
          },
        ]
      : []),
    {
      name: 'Postgres is killed',
      meets: ['scheduler', 'worker', 'api'],
      reason: /the database cannot be reached: .+/,
      begin: () => postgres.kill(),
      end: () => postgres.restart(),
    },
    {
      name: 'Postgres is stopped',
      meets: ['scheduler', 'worker', 'api'],
      reason: /the database (cannot be reached: .+|did not answer within 1.5 s)/,
      begin: () => postgres.suspend(),
      end: () => postgres.resume(),
    },
  ];

  it.each(outages)('is reported within 5 s, either way, and all of them live on when $name', async (outage) => {
    const watching = [...urls].map(([app, url]) => observe(app, url));
    await sleep(2_000);
    await outage.begin();
    const goneAt = Date.now();
    await sleep(AWAY_FOR_MS);
    const backFrom = Date.now();
    await outage.end();
    // A server that was killed has its log to replay first: it is back when it answers.
    const backAt = outage.name.includes('killed') ? Date.now() : backFrom;
    await sleep(WRONG_FOR_MS + 2_000);
    for (const { app, stop } of watching) {
      const seen = await stop(goneAt, backFrom, backAt);
      process.stderr.write(`  ${outage.name} for ${AWAY_FOR_MS / 1000} s: ${app} ${describeTimes(seen)}\n`);
      expect(seen.notLive).toEqual([]);
      if (!outage.meets.includes(app)) {
        expect([app, seen.unreadyAfterMs]).toEqual([app, undefined]);
        continue;
      }
      expect(seen.unreadyAfterMs).toBeLessThan(WRONG_FOR_MS);
      expect(seen.readyAfterMs).toBeLessThan(WRONG_FOR_MS);
      expect(seen.reasons.filter((reason) => !outage.reason.test(reason))).toEqual([]);
      // Once it has said so, it does not waver.
      expect(seen.readyMeanwhile).toBe(0);
    }
  });
});

async function isReady(url: string): Promise<true | undefined> {
  return (await fetch(`${url}/readyz`)).ok ? true : undefined;
}

interface Sample {
  readonly atMs: number;
  readonly ready: boolean;
  readonly reason: string;
}

/** Asks a process all the time until it is stopped. */
function observe(app: string, url: string) {
  const samples: Sample[] = [];
  const notLive: unknown[] = [];
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const limit = () => AbortSignal.timeout(ANSWER_WITHIN_MS);
      try {
        const ready = await fetch(`${url}/readyz`, { signal: limit() });
        const { reasons, detail } = (await ready.json()) as { reasons?: string[]; detail?: string };
        samples.push({ atMs: Date.now(), ready: ready.ok, reason: reasons?.join('; ') ?? detail ?? '' });
        const live = await fetch(`${url}/livez`, { signal: limit() });
        if (live.status !== 200) notLive.push(live.status);
      } catch (error) {
        notLive.push(error);
      }
      await sleep(ASK_EVERY_MS);
    }
  })();
  const stop = async (goneAt: number, backFrom: number, backAt: number): Promise<Observed> => {
    isOver = true;
    await asking;
    const unready = samples.find(({ atMs, ready }) => atMs >= goneAt && !ready);
    const lastUnready = samples.findLast(({ ready }) => !ready);
    const ready = samples.find(({ atMs }) => lastUnready !== undefined && atMs > lastUnready.atMs);
    const during = samples.filter(({ atMs }) => unready !== undefined && atMs > unready.atMs && atMs < backFrom);
    return {
      unreadyAfterMs: unready === undefined ? undefined : unready.atMs - goneAt,
      readyAfterMs: ready === undefined ? undefined : Math.max(0, ready.atMs - backAt),
      reasons: [...new Set(during.filter((sample) => !sample.ready).map(({ reason }) => reason))],
      notLive,
      readyMeanwhile: during.filter((sample) => sample.ready).length,
    };
  };
  return { app, stop };
}

function describeTimes({ unreadyAfterMs, readyAfterMs, reasons }: Observed): string {
  if (unreadyAfterMs === undefined) return 'stays ready';
  const back = readyAfterMs === undefined ? 'not ready again' : `ready ${seconds(readyAfterMs)} after its return`;
  return `unready after ${seconds(unreadyAfterMs)}, ${back}; ${reasons.join(' | ')}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
