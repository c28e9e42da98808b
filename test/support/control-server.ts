import { createServer } from '@app/process/server';
import { ClockWatch } from '@app/process';
import { routeAnswers, type AnsweringRoute } from '@app/openapi';
import { producerOptions, queueStoreOf, useQueueStore } from '@app/queue';
import { SourceClient, SOURCES, type SourceAccesses } from '@app/sources';
import { createPool, databaseNowMs } from '@app/storage';
import { CONTROL_SERVER, prepareControlServer } from '../../apps/scheduler/src/control/control-server.js';
import { FetchQueues } from '../../apps/scheduler/src/planning/fetch-queues.js';
import { PlannerService } from '../../apps/scheduler/src/planning/planner.service.js';
import { RunWakeJobs } from '../../apps/scheduler/src/planning/run-wake-jobs.js';
import { SchedulerModule } from '../../apps/scheduler/src/scheduler.module.js';
import { allTasks } from '../../apps/scheduler/src/tasks/all-tasks.js';
import { TaskRunner } from '../../apps/scheduler/src/tasks/run-tasks.js';
import { documentedReplies } from './documented-replies.js';
import { createLogBook, type LogBook } from './log-lines.js';

/** No list is read beside. */
const NO_LISTS = { intervalSeconds: 0, csvFolder: undefined, retentionDays: { raw: 90, values: 400, runs: 90 } };

/** The password of the control servers of tests. */
export const CONTROL_PASSWORD = 'control-password';

/** An answer, with its body read as JSON where it is some. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** A scheduler's control server on a free port. */
export interface ControlServer {
  readonly url: string;
  readonly log: LogBook;
  /** What its routes document. */
  readonly routes: readonly AnsweringRoute[];
  /**
   * Asks as the user of the control API, or with another header; a body that is no text is sent as JSON. Fails when the reply
   * is not what its route documents.
   */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Ends whatever happens without being asked for: wake-ups and periodic tasks. From then on only answers change the database. */
  rest(): Promise<void>;
  /** Waits until nothing is under way any more that an answer has begun: then the tables may be touched. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

/** What an orchestrator asks, board and documentation. */
const UNDOCUMENTED = /^\/(livez|readyz|metrics|(queues|docs)(\/.*)?|openapi\.json)$/;

/** The login of the control API as a header. */
export function basicLogin(user: string, password: string): Readonly<Record<string, string>> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

/** Nothing listens on the discard port: every source refuses the connection at once. */
const NOBODY: SourceAccesses = Object.fromEntries(
  SOURCES.map(({ name }) => [name, { baseUrl: 'http://127.0.0.1:9', apiKey: 'none' }]),
);

/**
 * Starts a scheduler with its control API, its queues in the database.
 * @param access where the sources are; by default none of them can be reached.
 * @param tasksOf makes the periodic tasks; by default all that there are.
 */
export async function startControlServer(
  databaseUrl: string,
  access = NOBODY,
  tasksOf = allTasks,
): Promise<ControlServer> {
  const log = createLogBook();
  const queueStore = queueStoreOf(databaseUrl);
  useQueueStore(queueStore);
  const pool = createPool({
    url: databaseUrl,
    applicationName: 'tidemark-control',
    maxConnections: 4,
    onIdleError: () => undefined,
  });
  const clock = new ClockWatch(() => databaseNowMs(pool));
  await clock.measure();
  const queues = new FetchQueues(['deribit', 'coingecko'], producerOptions(queueStore), log.logger);
  await Promise.all(queues.all().map((queue) => queue.waitUntilReady()));
  const client = new SourceClient({ access, now: Date.now });
  const sources = { client, access, limited: false };
  const stores = { pool, databaseUrl, queueStore, queues, ingestion: NO_LISTS, payloadRetentionDays: 30 };
  const module = SchedulerModule.forRoot(
    { ...stores, logger: log.logger, clock, readiness: () => [], sources },
    tasksOf,
  );
  const app = await createServer(module, { logger: log.logger, ...CONTROL_SERVER });
  await prepareControlServer(app, { password: CONTROL_PASSWORD, queues: queues.all() });
  const check = documentedReplies(app, UNDOCUMENTED);
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  return {
    url,
    log,
    routes: routeAnswers(app),
    ask: async (method, path, body, headers = basicLogin('tidemark', CONTROL_PASSWORD)) => {
      const content = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
      const type: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
      const response = await fetch(`${url}${path}`, { method, headers: { ...type, ...headers }, ...content });
      const text = await response.text();
      check({ method, path, status: response.status, headers: response.headers, text });
      const isJson = /json/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: (isJson ? JSON.parse(text) : {}) as Answer['json'],
      };
    },
    rest: async () => {
      await Promise.all([TaskRunner, RunWakeJobs].map((type) => app.get(type).beforeApplicationShutdown()));
      await app.get(PlannerService).enqueued();
    },
    idle: () => app.get(PlannerService).enqueued(),
    stop: async () => {
      await app.close();
      await queues.close();
      client.close();
      await pool.end();
    },
  };
}
