import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { loadSettings, SettingsError, type Settings } from './load-settings.js';
import {
  apiSettings,
  databaseSettings,
  migrateSettings,
  schedulerSettings,
  simulatorSettings,
  workerSettings,
} from './settings.js';
import { standaloneSettings } from './standalone-settings.js';

const SLICES = {
  apiSettings,
  schedulerSettings,
  migrateSettings,
  workerSettings,
  simulatorSettings,
  standaloneSettings,
};

function faultsOf(settings: Settings, environment: NodeJS.ProcessEnv): readonly string[] {
  try {
    loadSettings(settings, environment);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
}

describe('reading the environment', () => {
  test.each(Object.entries(SLICES))('an empty environment is enough for %s', (_name, settings) => {
    expect(faultsOf(settings, {})).toEqual([]);
  });

  test('what is not set has its default', () => {
    expect(loadSettings(apiSettings, {})).toMatchObject({
      API_PORT: 8000,
      API_HOST: '0.0.0.0',
      LOG_LEVEL: 'info',
      TIDEMARK_MODE: 'live',
      API_DATABASE_USER: 'tidemark_api',
      POSTGRES_PORT: 5432,
    });
    expect(loadSettings(schedulerSettings, {})).toMatchObject({
      CONTROL_PORT: 8001,
      CONTROL_HOST: '127.0.0.1',
      TIDEMARK_HOME: '.tidemark',
    });
    expect(loadSettings(workerSettings, {})).toMatchObject({ WORKER_PORT: 8002, WORKER_HOST: '127.0.0.1' });
    expect(loadSettings(simulatorSettings, {})).toMatchObject({ SIMULATOR_PORT: 8003, SIMULATOR_HOST: '127.0.0.1' });
  });

  test('an empty variable counts as not set', () => {
    const read = loadSettings(schedulerSettings, {
      CONTROL_PORT: '',
      DATABASE_URL: '',
      CONTROL_PASSWORD: '',
      SAMPLE_INTERVAL_SECONDS: '',
    });
    expect(read.CONTROL_PORT).toBe(8001);
    expect(read).not.toHaveProperty('DATABASE_URL');
    expect(read).not.toHaveProperty('CONTROL_PASSWORD');
    expect(read).not.toHaveProperty('SAMPLE_INTERVAL_SECONDS');
  });

  test('a slice holds nothing of the environment but its own variables', () => {
    expect(loadSettings({ A: z.string().optional() }, { A: 'a', B: 'b', PATH: '/bin' })).toEqual({ A: 'a' });
  });

  test('every fault is reported at once, each with the name of its variable', () => {
    const faults = faultsOf(schedulerSettings, {
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'mysql://localhost/tidemark',
      POSTGRES_PORT: '70000',
      TIDEMARK_MODE: 'demo',
      QUEUE_URL: 'amqp://localhost',
      CONTROL_PORT: 'eighty',
      CONTROL_PASSWORD: 'short',
      SAMPLE_INTERVAL_SECONDS: '0',
    });
    expect(faults.map((fault) => fault.split(':')[0]).sort()).toEqual([
      'CONTROL_PASSWORD',
      'CONTROL_PORT',
      'DATABASE_URL',
      'LOG_LEVEL',
      'POSTGRES_PORT',
      'QUEUE_URL',
      'SAMPLE_INTERVAL_SECONDS',
      'TIDEMARK_MODE',
    ]);
  });

  test('what an address says of TLS is reported together with all other faults', () => {
    const faults = faultsOf(migrateSettings, {
      LOG_LEVEL: 'loud',
      DATABASE_URL: 'postgres://h/d?sslmode=prefer',
      API_DATABASE_URL: 'postgres://h/d?sslmode=verify-full&sslrootcert=/not/there.pem',
      QUEUE_URL: 'postgres://h/d?sslmode=verify-ca',
      API_DATABASE_USER: 'Reader',
    });
    expect(faults).toEqual([
      expect.stringMatching(/^LOG_LEVEL: /),
      expect.stringMatching(/^DATABASE_URL: sslmode=prefer leaves it to the server/),
      expect.stringMatching(/^QUEUE_URL: sslmode=verify-ca needs an authority/),
      expect.stringMatching(/^API_DATABASE_URL: .*\/not\/there\.pem, cannot be read \(ENOENT\)/),
      expect.stringMatching(/^API_DATABASE_USER: /),
    ]);
  });

  test.each([
    [{ POSTGRES_SSLMODE: 'verify-ca' }, /^POSTGRES_SSLMODE or POSTGRES_SSLROOTCERT: sslmode=verify-ca needs/],
    [{ POSTGRES_SSLROOTCERT: '/ca.pem' }, /^POSTGRES_SSLMODE or POSTGRES_SSLROOTCERT: sslrootcert alone/],
    [{ POSTGRES_SSLMODE: 'require', POSTGRES_SSLROOTCERT: '/not/there.pem' }, /^POSTGRES_SSLMODE or .*ENOENT/],
    [{ POSTGRES_SSLMODE: 'prefer', POSTGRES_SSLROOTCERT: '/ca.pem' }, /^POSTGRES_SSLMODE: must be one of/],
  ])('so is what %j says of it', (tls, expected) => {
    const faults = faultsOf(workerSettings, { ...tls, WORKER_PORT: 'x' });
    expect([...faults].sort()).toEqual([expect.stringMatching(expected), expect.stringMatching(/^WORKER_PORT: /)]);
  });

  test('POSTGRES_SSLROOTCERT is no fault beside DATABASE_URL, which counts instead', () => {
    const given = { DATABASE_URL: 'postgres://h/d', POSTGRES_SSLROOTCERT: '/not/there.pem' };
    expect(faultsOf(workerSettings, given)).toEqual([]);
  });

  test('the message lists the faults without any value, which may be a secret', () => {
    const error = new SettingsError(
      faultsOf(schedulerSettings, { CONTROL_PASSWORD: 'hunter2', DATABASE_URL: 'http://u:hunter2@h/d' }),
    );
    expect(error.message).toContain('CONTROL_PASSWORD: must have at least 8 characters');
    expect(error.message).toContain('DATABASE_URL: must be an address that begins with postgres:// or postgresql://');
    expect(error.message).not.toContain('hunter2');
  });
});

describe('kinds of settings', () => {
  test.each(['0', '1', '65535'])('port %s is one', (value) => {
    expect(loadSettings(apiSettings, { API_PORT: value }).API_PORT).toBe(Number(value));
  });

  test.each(['-1', '65536', '80.5', 'http', 'Infinity', ' ', '0x50', '1e3', '80 80', '8000,8001'])(
    'port %j is none',
    (value) => {
      const faults = faultsOf(apiSettings, { API_PORT: value });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(/^API_PORT: must be a port number/);
    },
  );

  test.each(['0', '86401', '1.5', '-5', ' ', 'five', '1e2', '0x5'])('an interval of %j is refused', (value) => {
    expect(faultsOf(schedulerSettings, { SAMPLE_INTERVAL_SECONDS: value })).toEqual([
      'SAMPLE_INTERVAL_SECONDS: must be a whole number of seconds, 1 to 86400',
    ]);
  });

  test('intervals from a second to a day are taken', () => {
    expect(loadSettings(schedulerSettings, { SAMPLE_INTERVAL_SECONDS: '1' }).SAMPLE_INTERVAL_SECONDS).toBe(1);
    expect(loadSettings(schedulerSettings, { SAMPLE_INTERVAL_SECONDS: '86400' }).SAMPLE_INTERVAL_SECONDS).toBe(86_400);
  });

  test.each(['0', '501', '2.5', 'many', ' '])('a concurrency of %j is refused', (value) => {
    expect(faultsOf(workerSettings, { WORKER_CONCURRENCY: value })).toEqual([
      'WORKER_CONCURRENCY: must be a whole number, 1 to 500',
    ]);
  });

  test.each([
    'postgres://u:p@h/d',
    'postgresql://h/d',
    'postgres://u:p%40@h:1/d?sslmode=require',
    'postgres:///d?host=/run',
  ])('DATABASE_URL may be %s', (value) => {
    expect(loadSettings(databaseSettings, { DATABASE_URL: value }).DATABASE_URL).toBe(value);
  });

  test.each([
    'h/d',
    'postgres:',
    'postgres://',
    'redis://h',
    '://h',
    'postgres://h:port/d',
    'xpostgres://h/d',
    ' postgres://h/d',
  ])('DATABASE_URL may not be %j', (value) => {
    expect(faultsOf(databaseSettings, { DATABASE_URL: value })).toHaveLength(1);
  });

  test.each(['a#b', 'a?b', 'a/b'])('POSTGRES_DB may not be %s, which no address can carry', (value) => {
    expect(faultsOf(databaseSettings, { POSTGRES_DB: value })).toEqual(['POSTGRES_DB: must not hold /, ? or #']);
  });

  test.each(['Reader', 'a-b', 'a b', '1st', 'a"b', 'a'.repeat(64), "x'; drop"])(
    'the reading role may not be called %j',
    (value) => {
      expect(faultsOf(apiSettings, { API_DATABASE_USER: value })).toHaveLength(1);
    },
  );
});

describe('another name of a setting', () => {
  const QUEUE = 'rediss://:word@cache:6380';

  test('is taken where its own is not set', () => {
    expect(loadSettings(apiSettings, { PORT: '10000' }).API_PORT).toBe(10_000);
    expect(loadSettings(workerSettings, { REDIS_URL: QUEUE }).QUEUE_URL).toBe(QUEUE);
    expect(loadSettings(schedulerSettings, { REDIS_URL: QUEUE, QUEUE_URL: '' }).QUEUE_URL).toBe(QUEUE);
    expect(loadSettings(workerSettings, { REDIS_URL: '' }).QUEUE_URL).toBeUndefined();
  });

  test('gives way to its own, whatever it holds: hosts of containers set it unasked', () => {
    expect(loadSettings(apiSettings, { PORT: 'tcp://10.0.0.1', API_PORT: '9000' }).API_PORT).toBe(9000);
    expect(loadSettings(workerSettings, { REDIS_URL: QUEUE, QUEUE_URL: 'postgres://q/d' }).QUEUE_URL).toBe(
      'postgres://q/d',
    );
  });

  test('may stand in a file, as its own may', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'tidemark-config-')), 'queue');
    writeFileSync(file, `${QUEUE}\n`);
    for (const name of ['REDIS_URL_FILE', 'QUEUE_URL_FILE']) {
      expect(loadSettings(workerSettings, { [name]: file }).QUEUE_URL).toBe(QUEUE);
    }
    expect(faultsOf(workerSettings, { REDIS_URL_FILE: '/nowhere' })).toEqual([
      'REDIS_URL_FILE: the file cannot be read (ENOENT)',
    ]);
  });

  test('is what a fault names', () => {
    expect(faultsOf(apiSettings, { PORT: 'http' })).toEqual(['PORT: must be a port number, 0 to 65535']);
    expect(faultsOf(workerSettings, { REDIS_URL: 'postgres://h/d' })).toEqual([
      'REDIS_URL: must be an address that begins with redis:// or rediss://',
    ]);
  });

  test('is none of a process that has no use for it', () => {
    expect(loadSettings(workerSettings, { PORT: '10000' }).WORKER_PORT).toBe(8002);
    expect(loadSettings(schedulerSettings, { PORT: '10000' }).CONTROL_PORT).toBe(8001);
  });
});

test('a Redis has numbered databases', () => {
  expect(loadSettings(workerSettings, { QUEUE_URL: 'redis://cache/2' }).QUEUE_URL).toBe('redis://cache/2');
  expect(faultsOf(workerSettings, { QUEUE_URL: 'redis://cache/two' })).toEqual([
    'QUEUE_URL: two is no number of a Redis database',
  ]);
});

test('the authority of the queue store must be one, and protect something', () => {
  const queue = { REDIS_URL: 'rediss://cache', QUEUE_TLS_CA_FILE: '/ca.pem' };
  expect(faultsOf(workerSettings, { ...queue, REDIS_URL: 'redis://cache' })).toEqual([
    expect.stringMatching(/^QUEUE_TLS_CA_FILE is for a Redis at rediss:/),
  ]);
  expect(faultsOf(workerSettings, { ...queue, QUEUE_TLS_CA_FILE: '/not/there' })).toEqual([
    'QUEUE_TLS_CA_FILE: the file of QUEUE_TLS_CA_FILE, /not/there, cannot be read (ENOENT).',
  ]);
  const empty = join(mkdtempSync(join(tmpdir(), 'tidemark-config-')), 'ca.pem');
  writeFileSync(empty, 'no certificate');
  expect(faultsOf(workerSettings, { ...queue, QUEUE_TLS_CA_FILE: empty })).toEqual([
    expect.stringMatching(/holds no certificate in PEM/),
  ]);
});

test('the old word for DRIFT_POLICY is answered with the new one', () => {
  expect(faultsOf(workerSettings, { DRIFT_POLICY: 'quarantine' })).toEqual([
    'DRIFT_POLICY: must be reject or map; quarantine is called reject now',
  ]);
  expect(faultsOf(workerSettings, { DRIFT_POLICY: 'guess' })).toEqual(['DRIFT_POLICY: must be reject or map']);
});
