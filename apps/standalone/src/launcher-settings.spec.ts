import { resolve } from 'node:path';
import { loadLauncherSettings } from './launcher-settings.js';

describe('the settings of the launcher', () => {
  it('names every wrong variable at once', () => {
    const load = (): unknown =>
      loadLauncherSettings({ API_PORT: 'x', QUEUE_STORE: 'kafka', SAMPLE_INTERVAL_SECONDS: '0' });
    expect(load).toThrow(
      /API_PORT[^]*SAMPLE_INTERVAL_SECONDS[^]*QUEUE_STORE|API_PORT[^]*QUEUE_STORE[^]*SAMPLE_INTERVAL/,
    );
  });

  it('hands on nothing that neither the machine nor Tidemark needs', () => {
    const { given } = loadLauncherSettings({
      PATH: '/bin',
      TZ: 'UTC',
      AWS_SECRET: 'x',
      LOG_LEVEL: 'debug',
      npm_lifecycle: 'y',
    });
    expect(given).toEqual({ machine: { PATH: '/bin', TZ: 'UTC' }, proxy: {}, own: { LOG_LEVEL: 'debug' } });
  });

  it('reads proxy variables in lower case too, and prefers upper case', () => {
    const settings = loadLauncherSettings({ https_proxy: 'http://low:1', no_proxy: 'a.b', HTTPS_PROXY: 'http://up:1' });
    expect(settings.HTTPS_PROXY).toBe('http://up:1');
    expect(settings.NO_PROXY).toBe('a.b');
    expect(settings.given.proxy).toEqual({ HTTPS_PROXY: 'http://up:1', NO_PROXY: 'a.b' });
  });

  it('names files from the folder in which it was started', () => {
    const { given } = loadLauncherSettings({ CATALOGUE_FILE: 'my/tickers.yaml', SIMULATOR_HISTORY: '/bars.csv' });
    expect(given.own).toEqual({ CATALOGUE_FILE: resolve('my/tickers.yaml'), SIMULATOR_HISTORY: '/bars.csv' });
  });
});
