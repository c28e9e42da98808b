import { spawnSync } from 'node:child_process';
import { z } from 'zod';
import { loadSettings, SettingsError, type Settings } from './load-settings.js';
import {
  apiSettings,
  databaseSettings,
  migrateSettings,
  schedulerSettings,
  simulatorSettings,
  standaloneSettings,
  workerSettings,
} from './settings.js';

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

describe('a process with a wrong environment', () => {
  test('ends with status 1 and the list of faults, and nothing else', () => {
    const hooks = new URL('../../../test/standalone/typescript.hooks.mjs', import.meta.url).href;
    const program = `
      const { settingsOrExit, apiSettings } = await import(${JSON.stringify(new URL('index.ts', import.meta.url).href)});
      settingsOrExit(apiSettings);
      console.log('went on');`;
    const ended = spawnSync(
      process.execPath,
      ['--no-warnings', '--experimental-transform-types', '--import', hooks, '--input-type=module', '--eval', program],
      { encoding: 'utf8', env: { PATH: process.env['PATH'], API_PORT: 'x', LOG_LEVEL: 'y' } },
    );
    expect(ended.status).toBe(1);
    expect(ended.stdout).toBe('');
    expect(ended.stderr.trim().split('\n')).toEqual([
      'The environment is not usable:',
      expect.stringMatching(/^ {2}- LOG_LEVEL: /),
      expect.stringMatching(/^ {2}- API_PORT: /),
    ]);
  });
});
