import { type FetchCli, FETCH_NOW_MS, startFetchCli } from '../../../../test/support/fetch-cli.js';

const COINGECKO = `{"bitcoin":{"usd":81400.5,"last_updated_at":${FETCH_NOW_MS / 1000 - 30 - 0.123}},"ethereum":{"usd":3000}}`;

describe('fetch', () => {
  let cli: FetchCli;
  beforeAll(async () => {
    cli = await startFetchCli();
  });
  afterAll(() => cli.server.close());

  describe('--assets', () => {
    const LIST = JSON.stringify([
      { id: 'bitcoin', symbol: 'btc', name: 'Bitcoin' },
      { id: 'lonely-coin', symbol: 'lonely', name: 'Lonely' },
      { id: 'first-twin', symbol: 'twin', name: 'First Twin' },
      { id: 'second-twin', symbol: 'twin', name: 'Second Twin' },
    ]);

    it('takes ids and symbols of well known assets without asking anybody for them', async () => {
      const before = cli.server.requests.length;
      const { report } = await cli.fetched({ '/coingecko/simple': COINGECKO }, [
        '--assets',
        'bitcoin, BTC,ethereum',
        '--assets',
        'eth',
        '--source',
        'coingecko',
      ]);
      expect(report.prices.map((price: { ticker: string }) => price.ticker)).toEqual(['btc_usd', 'eth_usd']);
      expect(cli.server.requests.slice(before)).toHaveLength(1);
    });

    it('asks in another currency', async () => {
      const { report } = await cli.fetched({ '/coingecko': '{"bitcoin":{"eur":70000.10}}' }, [
        '--assets',
        'bitcoin',
        '--quote',
        'eur',
        '--source',
        'coingecko',
      ]);
      expect(report.prices).toMatchObject([{ ticker: 'btc_eur', price: '70000.10' }]);
    });

    it('looks up any other in the list of CoinGecko, and asks only there', async () => {
      const answers = { '/coingecko/coins/list': LIST, '/coingecko/simple': '{"lonely-coin":{"usd":7}}' };
      for (const asset of ['lonely-coin', 'lonely']) {
        const { report } = await cli.fetched(answers, ['--assets', asset]);
        expect(report.prices).toMatchObject([{ ticker: 'lonely-coin_usd', source: 'coingecko', price: '7' }]);
      }
    });

    it('refuses an ambiguous symbol and names the candidates', async () => {
      const { status, complained } = await cli.run({ '/coingecko/coins/list': LIST }, ['--assets', 'twin']);
      expect(status).toBe(2);
      expect(complained()).toContain(
        'twin is the symbol of 2 assets: name one by its id: first-twin (First Twin), second-twin (Second Twin).',
      );
    });

    it('refuses what nobody knows with the nearest name', async () => {
      const { status, complained } = await cli.run({ '/coingecko/coins/list': LIST }, ['--assets', 'lonley-coin']);
      expect(status).toBe(2);
      expect(complained()).toContain('did you mean lonely-coin?');
    });

    it('says so when the list cannot be had', async () => {
      const { status, complained } = await cli.run({ '/coingecko': { status: 500 } }, ['--assets', 'lonely']);
      expect(status).toBe(1);
      expect(complained()).toContain("CoinGecko's list cannot be had: coingecko: HTTP 500");
    });
  });
});
