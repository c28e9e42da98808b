import path from 'node:path';
import { prefixOf } from '@app/config';
import { SOURCES } from '@app/sources';
import {
  childEnvironment,
  simulatedSources,
  unusedStoreVariables,
  type AppName,
  type Decisions,
} from './child-environment.js';
import { loadLauncherSettings, type LauncherMode } from './launcher-settings.js';

function environmentOf(
  app: AppName,
  mode: LauncherMode,
  environment: NodeJS.ProcessEnv = {},
  isCatalogueApplied = false,
): Record<string, string> {
  const decisions: Decisions = {
    mode,
    folder: '/data/demo',
    databaseUrl: 'postgres://tidemark:owner@127.0.0.1:20001/tidemark',
    apiDatabasePassword: 'reader',
    queueUrl: 'redis://:queue@127.0.0.1:20002/0',
    controlPassword: 'control-it',
    isCatalogueApplied,
    ports: { API_PORT: 8000, CONTROL_PORT: 8001, WORKER_PORT: 8002, SIMULATOR_PORT: 8003 },
  };
  return childEnvironment(app, loadLauncherSettings(mode, environment), decisions);
}

describe('the environment of a child', () => {
  it('gives the worker of the demo the simulator in place of the sources, and no proxy', () => {
    const given = { PATH: '/bin', HTTPS_PROXY: 'proxy:1', NO_PROXY: 'a', DERIBIT_URL: 'https://real', SECRET: 'x' };
    expect(environmentOf('worker', 'demo', given)).toEqual({
      PATH: '/bin',
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://tidemark:owner@127.0.0.1:20001/tidemark',
      QUEUE_URL: 'redis://:queue@127.0.0.1:20002/0',
      TIDEMARK_MODE: 'simulated',
      WORKER_PORT: '8002',
      WORKER_FINISH_SECONDS: '1',
      ETL_COINGECKO_PAGES: '20',
      ETL_CSV_DIR: path.resolve(import.meta.dirname, '../../../../samples/csv'),
      ...simulatedSources('http://127.0.0.1:8003'),
    });
  });

  it('has long lists of assets in the demo, unless it is told otherwise, and in the live system what it is told alone', () => {
    expect(environmentOf('simulator', 'demo')).toMatchObject({
      SIMULATOR_ASSETS: '5000',
      SIMULATOR_LIST_REFUSALS_PERCENT: '5',
    });
    const given = {
      ETL_CSV_DIR: '/srv/csv',
      ETL_COINGECKO_PAGES: '2',
      SIMULATOR_ASSETS: '7',
      FAIL_AFTER_N_RECORDS: '10',
    };
    expect(environmentOf('worker', 'demo', given)).toMatchObject({
      ...{ ETL_CSV_DIR: '/srv/csv', ETL_COINGECKO_PAGES: '2', FAIL_AFTER_N_RECORDS: '10' },
    });
    expect(environmentOf('simulator', 'demo', given)).toMatchObject({ SIMULATOR_ASSETS: '7' });
    expect(environmentOf('scheduler', 'start', given)).toMatchObject({ ETL_CSV_DIR: '/srv/csv' });
    expect(environmentOf('worker', 'start')).not.toHaveProperty('ETL_CSV_DIR');
    expect(environmentOf('worker', 'start')).not.toHaveProperty('ETL_COINGECKO_PAGES');
  });

  it('has every source at the simulator under its name and the path of its own address, with a key where it takes one', () => {
    expect(simulatedSources('http://127.0.0.1:8003')).toMatchObject({
      DERIBIT_URL: 'http://127.0.0.1:8003/deribit/api/v2',
      COINGECKO_URL: 'http://127.0.0.1:8003/coingecko/api/v3',
      COINPAPRIKA_URL: 'http://127.0.0.1:8003/coinpaprika/v1',
      COINPAPRIKA_API_KEY: 'simulated',
      COINCAP_URL: 'http://127.0.0.1:8003/coincap/v3',
      COINCAP_API_KEY: 'simulated',
      BINANCE_URL: 'http://127.0.0.1:8003/binance',
      COINBASE_URL: 'http://127.0.0.1:8003/coinbase',
      KRAKEN_URL: 'http://127.0.0.1:8003/kraken',
      BITSTAMP_URL: 'http://127.0.0.1:8003/bitstamp',
    });
    const urls = Object.keys(simulatedSources('')).filter((name) => name.endsWith('_URL'));
    expect(urls).toEqual(SOURCES.map((source) => `${prefixOf(source)}_URL`));
  });

  it('gives the worker of the live system the sources as they were set, and the proxy', () => {
    const environment = environmentOf('worker', 'start', {
      https_proxy: 'http://proxy:1',
      DERIBIT_URL: 'https://mirror',
    });
    expect(environment).toMatchObject({
      TIDEMARK_MODE: 'live',
      HTTPS_PROXY: 'http://proxy:1',
      DERIBIT_URL: 'https://mirror',
    });
    expect(environment).not.toHaveProperty('COINGECKO_URL');
  });

  it('tells the API how to read, and neither the password of the owner nor the queue', () => {
    const environment = environmentOf('api', 'demo', { API_HOST: '::1', API_DATABASE_USER: 'my_reader' });
    expect(environment).toEqual({
      NODE_ENV: 'production',
      API_HOST: '::1',
      API_PORT: '8000',
      API_DATABASE_URL: 'postgres://my_reader:reader@127.0.0.1:20001/tidemark',
      API_DATABASE_USER: 'my_reader',
      TIDEMARK_MODE: 'simulated',
    });
  });

  it('gives the scheduler of the demo an interval of 5 s unless told otherwise, and of the live system none', () => {
    const interval = (mode: LauncherMode, environment?: NodeJS.ProcessEnv): string | undefined =>
      environmentOf('scheduler', mode, environment)['SAMPLE_INTERVAL_SECONDS'];
    expect(interval('demo')).toBe('5');
    expect(interval('demo', { SAMPLE_INTERVAL_SECONDS: '1' })).toBe('1');
    expect(interval('start', { SAMPLE_INTERVAL_SECONDS: '7' })).toBe('7');
    expect(interval('start')).toBeUndefined();
    expect(environmentOf('scheduler', 'demo')).toMatchObject({
      TIDEMARK_HOME: '/data/demo',
      CONTROL_PASSWORD: 'control-it',
    });
  });

  it('leaves the intervals to the catalogue of a file, unless an interval was asked for', () => {
    const file = { CATALOGUE_FILE: '/tickers.yaml' };
    expect(environmentOf('scheduler', 'demo', file)).not.toHaveProperty('SAMPLE_INTERVAL_SECONDS');
    expect(environmentOf('scheduler', 'demo', { ...file, SAMPLE_INTERVAL_SECONDS: '2' })).toMatchObject({
      CATALOGUE_FILE: '/tickers.yaml',
      SAMPLE_INTERVAL_SECONDS: '2',
    });
  });

  it('tells a scheduler nothing that would undo changes of this run, once one has applied it', () => {
    const given = { CATALOGUE_FILE: '/tickers.yaml', SAMPLE_INTERVAL_SECONDS: '2' };
    for (const mode of ['demo', 'start'] as const) {
      const environment = environmentOf('scheduler', mode, given, true);
      expect(environment).not.toHaveProperty('CATALOGUE_FILE');
      expect(environment).not.toHaveProperty('SAMPLE_INTERVAL_SECONDS');
    }
    expect(environmentOf('scheduler', 'demo', {}, true)).not.toHaveProperty('SAMPLE_INTERVAL_SECONDS');
  });

  it('gives the migration what makes the role of the API', () => {
    expect(environmentOf('migrate', 'demo')).toMatchObject({
      API_DATABASE_USER: 'tidemark_api',
      API_DATABASE_PASSWORD: 'reader',
      DATABASE_URL: 'postgres://tidemark:owner@127.0.0.1:20001/tidemark',
    });
  });

  it('lets no store of the environment reach a child', () => {
    const given = {
      DATABASE_URL: 'postgres://other/db',
      POSTGRES_HOST: 'other',
      API_DATABASE_URL: 'postgres://other/db',
      QUEUE_URL: 'redis://other',
    };
    expect(unusedStoreVariables(loadLauncherSettings('start', given)).sort()).toEqual(Object.keys(given).sort());
    for (const app of ['migrate', 'scheduler', 'worker', 'api', 'simulator'] as const) {
      expect(JSON.stringify(environmentOf(app, 'start', given))).not.toContain('other');
    }
  });
});
