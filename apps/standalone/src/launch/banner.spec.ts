import { bannerLines, type BannerFacts } from './banner.js';

const facts: BannerFacts = {
  mode: 'demo',
  intervalSeconds: 5,
  apiUrl: 'http://127.0.0.1:8000',
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
      'http://127.0.0.1:8001/queues   user tidemark, password made-up',
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
});
