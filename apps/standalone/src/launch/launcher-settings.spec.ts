import { resolve } from 'node:path';
import { loadLauncherSettings } from './launcher-settings.js';

describe('the settings of the launcher', () => {
  it('names every wrong variable at once', () => {
    const load = (): unknown =>
      loadLauncherSettings('demo', { API_PORT: 'x', QUEUE_STORE: 'kafka', SAMPLE_INTERVAL_SECONDS: '0' });
    expect(load).toThrow(
      /API_PORT[^]*SAMPLE_INTERVAL_SECONDS[^]*QUEUE_STORE|API_PORT[^]*QUEUE_STORE[^]*SAMPLE_INTERVAL/,
    );
  });

  it('hands on nothing that neither the machine nor Tidemark needs', () => {
    const { given } = loadLauncherSettings('start', {
      PATH: '/bin',
      TZ: 'UTC',
      AWS_SECRET: 'x',
      LOG_LEVEL: 'debug',
      npm_lifecycle: 'y',
    });
    expect(given).toEqual({ machine: { PATH: '/bin', TZ: 'UTC' }, proxy: {}, own: { LOG_LEVEL: 'debug' } });
  });

  it('reads proxy variables in lower case too, and prefers upper case', () => {
    const variables = { https_proxy: 'socks5://low:1', no_proxy: 'a.b', HTTPS_PROXY: 'http://up:1' };
    const settings = loadLauncherSettings('start', variables);
    expect(settings.HTTPS_PROXY).toBe('http://up:1');
    expect(settings.NO_PROXY).toBe('a.b');
    expect(settings.given.proxy).toEqual({ HTTPS_PROXY: 'http://up:1', NO_PROXY: 'a.b' });
  });

  it.each(['HTTPS_PROXY', 'https_proxy'])('reads a bare host and port in %s as curl does', (name) => {
    const settings = loadLauncherSettings('start', { [name]: 'proxy.corp:3128' });
    expect(settings.HTTPS_PROXY).toBe('http://proxy.corp:3128');
    expect(settings.given.proxy).toEqual({ HTTPS_PROXY: 'http://proxy.corp:3128' });
  });

  it.each(['socks5://proxy:1080', 'proxy.corp', 'http://'])('refuses the proxy %s in a sentence', (proxy) => {
    for (const name of ['HTTPS_PROXY', 'https_proxy']) {
      expect(() => loadLauncherSettings('start', { [name]: proxy })).toThrow(
        'HTTPS_PROXY: must be an address that begins with http:// or https://, or host:port; other kinds of proxies',
      );
    }
  });

  it('ignores every proxy in the demo, which has no use for one', () => {
    const variables = { HTTPS_PROXY: 'nonsense', https_proxy: 'socks5://x:1', NO_PROXY: 'a', http_proxy: 'b' };
    const settings = loadLauncherSettings('demo', variables);
    expect([settings.HTTPS_PROXY, settings.NO_PROXY]).toEqual([undefined, undefined]);
    expect(settings.given).toEqual({ machine: {}, proxy: {}, own: {} });
  });

  it('does not mind what a database is called that it does not use', () => {
    expect(loadLauncherSettings('start', { DATABASE_URL: 'mysql://other' })).not.toHaveProperty('DATABASE_URL');
  });

  it('names files from the folder in which it was started', () => {
    const { given } = loadLauncherSettings('demo', {
      CATALOGUE_FILE: 'my/tickers.yaml',
      SIMULATOR_HISTORY: '/bars.csv',
    });
    expect(given.own).toEqual({ CATALOGUE_FILE: resolve('my/tickers.yaml'), SIMULATOR_HISTORY: '/bars.csv' });
  });
});
