import { z } from 'zod';
import { partsTlsFault, queueTlsFault } from './database-url.js';
import { SSL_MODES } from './database-tls.js';
import { ingestionRetentionSettings, ingestionSettings } from './ingestion-settings.js';
import { address, fineSeconds, host, port, proxyAddress, seconds, secret, wholeNumber } from './setting-types.js';

/** Every process: how it logs. */
export const logSettings = {
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
      error: 'must be one of fatal, error, warn, info, debug, trace, silent',
    })
    .default('info')
    .describe('How much is logged. JSON lines, or readable lines on a terminal.'),
};

/** Every process with the database: where it is. `DATABASE_URL` wins over the `POSTGRES_*` parts. */
export const databaseSettings = {
  DATABASE_URL: address(['postgres', 'postgresql'])
    .optional()
    .describe('Address of the database with user and password. Without it the POSTGRES_* variables are used.'),
  POSTGRES_HOST: z.string().default('127.0.0.1').describe('Host of the database.'),
  POSTGRES_PORT: port(5432, 'Port of the database.'),
  POSTGRES_USER: z.string().default('tidemark').describe('User that owns the tables.'),
  POSTGRES_PASSWORD: secret('Password of that user.'),
  POSTGRES_DB: z
    .string()
    .regex(/^[^/?#]+$/, 'must not hold /, ? or #')
    .default('tidemark')
    .describe('Name of the database.'),
  POSTGRES_SSLMODE: z
    .enum(SSL_MODES, { error: `must be one of ${SSL_MODES.join(', ')}` })
    .optional()
    .describe(
      'TLS to the database, as sslmode in DATABASE_URL and with the meaning of libpq: disable, require (encrypted, no certificate checked), verify-ca, verify-full (the certificate must be valid for the host). Default: disable.',
    ),
  POSTGRES_SSLROOTCERT: z
    .string()
    .optional()
    .describe(
      "File with the certificates of the authority that vouches for the database, as sslrootcert in DATABASE_URL. Without it the system's and those of NODE_EXTRA_CA_CERTS.",
    )
    .meta({ faultBeside: partsTlsFault }),
};

/** What kind of prices the database holds; a database of the other kind is refused. */
export const modeSettings = {
  TIDEMARK_MODE: z
    .enum(['live', 'simulated'], { error: 'must be live or simulated' })
    .default('live')
    .describe('Whether prices are real. The database remembers it and refuses a process of the other mode.'),
};

/** The role that the API reads as. */
export const readerSettings = {
  API_DATABASE_URL: address(['postgres', 'postgresql'])
    .optional()
    .describe('Address of the database for the API, as a role that may only read. Wins over the two below.'),
  API_DATABASE_USER: z
    .string()
    .regex(/^[a-z_][a-z0-9_]{0,62}$/, 'must be a plain role name: lower case letters, digits and _')
    .default('tidemark_api')
    .describe('Role that the API reads as; `migrate` makes it.'),
  API_DATABASE_PASSWORD: secret('Password of that role; `migrate` sets it, the API uses it.'),
};

/** The queue store. */
export const queueSettings = {
  QUEUE_URL: address(['redis', 'rediss', 'postgres', 'postgresql'])
    .optional()
    .describe('Queue store: redis:// or rediss:// (Redis or Valkey), or postgres://. Without it the database is used.')
    .meta({ secret: true, alias: { name: 'REDIS_URL', schema: address(['redis', 'rediss']) } }),
  QUEUE_TLS_CA_FILE: z
    .string()
    .optional()
    .describe(
      "File with the certificates of the authority that vouches for a Redis at rediss://. Without it the system's and those of NODE_EXTRA_CA_CERTS.",
    )
    .meta({ faultBeside: queueTlsFault }),
};

/** Which sources there are besides those that Tidemark brings. They come first: the settings of a source follow from it. */
export const declaredSourceSettings = {
  HTTP_SOURCES_FILE: z
    .string()
    .optional()
    .describe(
      'YAML file that declares further sources: an address, the path of price and time in its answer, what in it says whose the price is (identity), and a limit.',
    ),
  CCXT_EXCHANGES: z
    .string()
    .optional()
    .describe(
      'Exchanges that are asked by the ccxt library, separated by commas, such as okx,gate; each is a source ccxt:okx.',
    ),
};

/** Whether the limits and months that sources publish are kept: with real sources, unless it is said otherwise. */
export function keepsSourceLimits(settings: {
  readonly TIDEMARK_MODE: 'live' | 'simulated';
  readonly SOURCE_LIMITS?: 'published' | 'off' | undefined;
}): boolean {
  return (settings.SOURCE_LIMITS ?? (settings.TIDEMARK_MODE === 'live' ? 'published' : 'off')) === 'published';
}

/** How sources are called, whichever they are; what belongs to one of them follows from it: see `sourceSettingsOf`. */
export const callSettings = {
  ...declaredSourceSettings,
  HTTPS_PROXY: proxyAddress().optional().describe('Proxy for calls to sources over https.'),
  NO_PROXY: z.string().optional().describe('Hosts that are called without the proxy, separated by commas.'),
  ASSUME_STABLECOINS_AT_PAR: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe(
      'Whether a USDT or USDC is taken for a dollar: true marks every price so made; false converts by a measured usdt_usd or usdc_usd.',
    ),
  DRIFT_POLICY: z
    .enum(['reject', 'map'], {
      error: ({ input }) => `must be reject or map${input === 'quarantine' ? '; quarantine is called reject now' : ''}`,
    })
    .default('reject')
    .describe(
      'What is done when a source renames, moves or retypes a field: reject, or read the field that looks like it and flag the price.',
    ),
  SOURCE_LIMITS: z
    .enum(['published', 'off'], { error: 'must be published or off' })
    .optional()
    .describe(
      "Whether the limits and monthly credits that sources publish are kept. Default: published with real sources, off in the simulator, which has none. Turning them off with real sources gets one's address banned.",
    ),
};

/** How long the raw answers of the sources are kept, and how many of them. */
export const payloadSettings = {
  PAYLOAD_RETENTION_DAYS: wholeNumber(0, 36_500, 'must be a whole number of days, 0 to 36500')
    .default(30)
    .describe('How many days the bodies of the answers of sources are kept after they last came; 0 keeps none.'),
  PAYLOAD_MAX_MB_PER_DAY: wholeNumber(0, 1_000_000, 'must be a whole number of megabytes, 0 to 1000000')
    .default(256)
    .describe(
      'How many megabytes of bodies, as compressed, are stored a day at most, by all workers together. Beyond it no body is kept that day; prices are.',
    ),
};

/** The read plane. */
export const apiSettings = {
  ...logSettings,
  ...databaseSettings,
  ...modeSettings,
  ...readerSettings,
  API_HOST: host('0.0.0.0', 'Address that the API listens on.'),
  API_PORT: port(8000, 'Port of the API.').meta({ alias: { name: 'PORT' } }),
  API_DRAIN_SECONDS: seconds(0, 300)
    .default(0)
    .describe(
      'How long an API goes on serving after SIGTERM while /readyz says that it is not ready, so that a load balancer sends it nobody any more. With less than 6 s a client may still use a connection that is closed at the end (Keep-Alive: timeout=5). The grace period of a container must be 10 s longer.',
    ),
};

/** The control plane. */
export const schedulerSettings = {
  ...logSettings,
  ...databaseSettings,
  ...modeSettings,
  ...queueSettings,
  ...callSettings,
  PAYLOAD_RETENTION_DAYS: payloadSettings.PAYLOAD_RETENTION_DAYS,
  SNAPSHOT_DIR: z
    .string()
    .optional()
    .describe(
      'Folder in which every minute of samples in US dollars is written to a CSV file of its own, the same one for all schedulers. Without it none is written.',
    )
    .meta({ alias: { name: 'DATA_DIR', isOlder: true } }),
  ETL_INTERVAL_SECONDS: ingestionSettings.ETL_INTERVAL_SECONDS,
  ETL_CSV_DIR: ingestionSettings.ETL_CSV_DIR,
  ETL_COINGECKO_PAGES: ingestionSettings.ETL_COINGECKO_PAGES,
  ...ingestionRetentionSettings,
  CONTROL_HOST: host('127.0.0.1', 'Address that control API and queue board listen on.'),
  CONTROL_PORT: port(8001, 'Port of control API and queue board.'),
  CONTROL_PASSWORD: z
    .string()
    .min(8, 'must have at least 8 characters')
    .optional()
    .describe(
      'Password of control API and queue board, user `tidemark`. Without it one is made and kept in TIDEMARK_HOME; `tidemark all` keeps none: without it nobody can log in there.',
    )
    .meta({ secret: true }),
  TIDEMARK_HOME: z.string().default('.tidemark').describe('Folder for what is kept outside the database.'),
  CATALOGUE_FILE: z
    .string()
    .optional()
    .describe(
      'YAML file with the tickers; applied at every start. Without it the tickers are as the control API left them.',
    ),
  SAMPLE_INTERVAL_SECONDS: seconds(1, 86_400)
    .optional()
    .describe('Samples every ticker at this interval, as a change of its schedule at start.'),
};

/** What `migrate` needs. */
export const migrateSettings = {
  ...logSettings,
  ...declaredSourceSettings,
  ...databaseSettings,
  ...modeSettings,
  ...queueSettings,
  ...readerSettings,
  MIGRATE_AFTER_STOP: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .describe(
      'Whether scheduler, worker and api are all stopped: an update that a running build could not live with is refused otherwise.',
    ),
};

/** The data plane. */
export const workerSettings = {
  ...logSettings,
  ...databaseSettings,
  ...modeSettings,
  ...queueSettings,
  ...callSettings,
  ...payloadSettings,
  ...ingestionSettings,
  WORKER_HOST: host('127.0.0.1', 'Address that the worker listens on for health and metrics.'),
  WORKER_PORT: port(8002, 'Port of health and metrics of the worker.'),
  WORKER_CONCURRENCY: wholeNumber(1, 500, 'must be a whole number, 1 to 500')
    .default(20)
    .describe('How many calls to one source a worker has in flight at most.'),
  WORKER_FINISH_SECONDS: fineSeconds(0.1, 8)
    .default(5)
    .describe('How long a worker that ends may finish the jobs in hand before it gives them back; decimals allowed.'),
};

/** The ports that the processes of `tidemark all` listen on. */
export function allPorts(settings: {
  readonly API_PORT: number;
  readonly CONTROL_PORT: number;
  readonly WORKER_PORT: number;
}) {
  const { API_PORT, CONTROL_PORT, WORKER_PORT } = settings;
  return { api: API_PORT, scheduler: CONTROL_PORT, worker: WORKER_PORT };
}

/** What `tidemark health` asks. */
export const healthSettings = {
  API_PORT: apiSettings.API_PORT,
  CONTROL_PORT: schedulerSettings.CONTROL_PORT,
  WORKER_PORT: workerSettings.WORKER_PORT,
  SIMULATOR_PORT: port(8003, 'Port of the simulator.'),
};

/** The stand-in for the sources. */
export const simulatorSettings = {
  ...logSettings,
  HTTP_SOURCES_FILE: declaredSourceSettings.HTTP_SOURCES_FILE,
  SIMULATOR_HOST: host('127.0.0.1', 'Address that the simulator listens on.'),
  SIMULATOR_PORT: healthSettings.SIMULATOR_PORT,
  SIMULATOR_SEED: z.string().default('tidemark').describe('Seed of the simulated prices.'),
  SIMULATOR_HISTORY: z
    .string()
    .optional()
    .describe(
      'CSV file of real bars (ms,open,close,high,low,volume; .gz allowed) to replay instead of simulated prices.',
    ),
  SIMULATOR_ASSETS: wholeNumber(0, 20_000, 'must be a whole number, 0 to 20000')
    .default(0)
    .describe('How many made-up assets (sim0001, sim0002, ...) every simulated source has besides the real ones.'),
  SIMULATOR_LIST_REFUSALS_PERCENT: wholeNumber(0, 100, 'must be a whole number, 0 to 100')
    .default(0)
    .describe(
      'How many of a hundred calls for a page of the list of assets of CoinGecko are answered with status 429, in the first week.',
    ),
};

/** The proof of the invariants, besides where the database is. */
export const verifySettings = {
  HTTP_SOURCES_FILE: declaredSourceSettings.HTTP_SOURCES_FILE,
  SIMULATOR_URL: address(['http', 'https'])
    .optional()
    .describe('Running simulator that knows the simulated prices; without it one is started that knows of no faults.'),
};
