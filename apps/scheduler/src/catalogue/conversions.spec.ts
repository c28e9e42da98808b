import { checkConversions, missingRates } from './conversions.js';
import { CatalogueError, resolveTicker } from './resolve-ticker.js';
import { tickerRequestSchema } from './ticker-request.js';

/** A ticker of one source, which quotes it in this currency. */
function plan(ticker: string, quotedIn?: string) {
  const source = {
    source: 'coingecko',
    source_symbol: 'any',
    ...(quotedIn === undefined ? {} : { quoted_in: quotedIn }),
  };
  return resolveTicker(tickerRequestSchema.parse({ ticker, sources: [source] }));
}

function faultsOf(configurations: ReturnType<typeof plan>[]): readonly string[] {
  try {
    checkConversions(configurations);
    return [];
  } catch (error) {
    if (error instanceof CatalogueError) return error.faults;
    throw error;
  }
}

describe('the conversions of a catalogue', () => {
  it('may be chained', () => {
    expect(faultsOf([plan('doge_usd', 'btc'), plan('btc_usd', 'usdt'), plan('usdt_usd')])).toEqual([]);
  });

  it('are refused when a price would be converted by itself', () => {
    expect(faultsOf([plan('usdt_usd', 'usdt')])).toEqual([
      'usdt_usd: coingecko quotes it in usdt, and it would be converted by itself: usdt_usd; name sources that quote one of them in usd',
    ]);
  });

  it('are refused when a price comes back to itself over others, and blame only who is in the circle', () => {
    const faults = faultsOf([plan('doge_usd', 'btc'), plan('btc_usd', 'usdt'), plan('usdt_usd', 'btc')]);
    expect(faults).toHaveLength(2);
    expect(faults[0]).toContain(
      'btc_usd: coingecko quotes it in usdt, and it would be converted by itself: usdt_usd, btc_usd',
    );
    expect(faults[1]).toContain('usdt_usd: coingecko quotes it in btc');
  });

  it('whose rate nobody measures are reported, with the request that mends it', () => {
    const tether = plan('btc_usd', 'usdt');
    const [missing] = missingRates([tether], [tether], false);
    expect(missing).toMatchObject({ ticker: 'btc_usd', rateTicker: 'usdt_usd' });
    expect(missing?.message).toMatch(
      /^btc_usd: coingecko quotes it in usdt, and every sample of it will be rejected as no_conversion_rate until usdt_usd is sampled too: POST \/tickers \{"ticker":"usdt_usd","sources":\["/,
    );
    expect(missingRates([tether], [tether, plan('usdt_usd')], false)).toEqual([]);
  });

  it('need no rate where a stablecoin is taken for a dollar', () => {
    const [tether, bitcoin] = [plan('btc_usd', 'usdt'), plan('doge_usd', 'btc')];
    expect(missingRates([tether, bitcoin], [tether, bitcoin], true)).toEqual([]);
    expect(missingRates([bitcoin], [bitcoin], true).map(({ rateTicker }) => rateTicker)).toEqual(['btc_usd']);
  });
});
