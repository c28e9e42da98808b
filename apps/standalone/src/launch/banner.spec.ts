import { bannerLines, type BannerFacts } from './banner.js';

const facts: BannerFacts = {
  mode: 'demo',
  intervalSeconds: 5,
  apiUrl: 'http://127.0.0.1:8000',
  apiAddresses: ['http://127.0.0.1:8000', 'from other machines at http://192.0.2.7:8000'],
  columns: 80,
  controlUrl: 'http://127.0.0.1:8001',
  simulatorUrl: 'http://127.0.0.1:8003',
  controlPassword: 'made-up',
  queueStore: 'redis-server 7.0.15 of its own',
  databasePort: 20_001,
  folder: '/data/demo',
  databaseMovedTo: undefined,
};

describe('the banner', () => {
  it('says what runs where and how to end it', () => {
    const text = bannerLines(facts).join('\n');
    for (const part of [
      'simulated prices, sampled every 5 s',
      'http://127.0.0.1:8000/docs',
      'http://127.0.0.1:8001/queues\n               user tidemark, password made-up',
      '  API          http://127.0.0.1:8000\n               from other machines at http://192.0.2.7:8000',
      '  Try          http://127.0.0.1:8000/prices?ticker=btc_usd&limit=5',
      'redis-server 7.0.15 of its own',
      '/data/demo',
      'Ctrl-C',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('does not repeat a password that was set, nor names a simulator that does not run', () => {
    const text = bannerLines({
      ...facts,
      mode: 'start',
      intervalSeconds: undefined,
      simulatorUrl: undefined,
      controlPassword: undefined,
      databaseMovedTo: '/var/lib/elsewhere',
    }).join('\n');
    expect(text).toContain('real prices, sampled as the catalogue says');
    expect(text).toContain('the password of CONTROL_PASSWORD');
    expect(text).toContain('on port 20001, in /var/lib/elsewhere');
    expect(text).not.toContain('Simulator');
  });

  it.each([40, 80, 100])('fits %i columns, but for addresses and paths, which are whole', (columns) => {
    const folder = `/a${'/folder-with-a-long-name'.repeat(6)}`;
    const queueStore = 'Postgres: there is no redis-server or valkey-server (6.2 or newer) on the PATH of this machine';
    const long = { folder, queueStore, databaseMovedTo: `/var/lib${folder}`, columns };
    const apiAddresses = ['http://127.0.0.1:8000', 'from other machines at http://192.0.2.7:8000 (and so on)'];
    const lines = bannerLines({ ...facts, ...long, apiAddresses });
    const tooLong = lines.filter((line) => line.length > columns && !/^\s*(\S+|\w+( \w+)? {2,}\S+)$/.test(line));
    expect(tooLong).toEqual([]);
    expect(lines.join('\n')).toContain(folder);
    expect(lines.filter((line) => /^ {15}\S/.test(line)).length).toBeGreaterThan(2);
  });
});
