import { createSimulator } from './simulator.js';

it('refuses calls for a page of the list of CoinGecko now and then, and no calls for prices', async () => {
  const simulator = await createSimulator({ seed: 'spec', listRefusalsPercent: 100 });
  try {
    const address = await simulator.listen(0);
    const list = await fetch(`${address}/coingecko/api/v3/coins/markets?vs_currency=usd`);
    expect([list.status, list.headers.get('retry-after')]).toEqual([429, '1']);
    const price = await fetch(`${address}/coingecko/api/v3/simple/price?ids=bitcoin&vs_currencies=usd`);
    expect(price.status).toBe(200);
  } finally {
    await simulator.close();
  }
});
