import { ListedSymbols, type Source, sourceByName } from '@app/sources';
import type { FetchMember, FetchRepository, RefusedSymbolRepository, RefusedSymbolRow } from '@app/storage';
import { createLogBook } from '../../../../../test/support/log-lines.js';
import { SymbolCalls } from './symbol-calls.js';

const NOW_MS = Date.UTC(2026, 0, 1);
const KRAKEN = sourceByName('kraken') as Source;
const [PLAN] = KRAKEN.plans;

/** Two symbols that Kraken refuses since then; the batch that is fetched has one of them. */
async function look(source: Source, { sinceMs = 0, abort = false }): Promise<{ listed: boolean; shortened: string[] }> {
  const shortened: string[] = [];
  let listed = false;
  const row = (symbol: string): RefusedSymbolRow => ({
    ...{ sourceId: KRAKEN.id, symbol, since: new Date(sinceMs), lastTriedAt: new Date(sinceMs) },
    ...{ nextTryAt: new Date(NOW_MS + 1), detail: 'refused' },
  });
  const client = {
    fetchNames: async () => {
      listed = true;
      return [{ name: 'XBTUSD', symbol: 'btc' }];
    },
    fetch: () => Promise.reject(new Error('nobody is asked for a price')),
  };
  const calls = new SymbolCalls({
    fetches: {} as FetchRepository,
    symbols: {
      list: async () => [row('XBTUSD'), row('GONEUSD'), { ...row('OTHER'), sourceId: KRAKEN.id + 1 }],
      shortenWaits: async (_source: number, symbols: readonly string[]) => void shortened.push(...symbols),
    } as unknown as RefusedSymbolRepository,
    lists: new ListedSymbols({ client, now: () => NOW_MS }),
    client,
    logger: createLogBook().logger,
    now: () => NOW_MS,
    random: () => 0,
  });
  const member = { sourceSymbol: 'GONEUSD', refusal: { suspectGroup: null, sinceMs } } as unknown as FetchMember;
  await calls.lookForListed({
    source,
    key: { sourceId: KRAKEN.id, source: 'kraken', batch: 'usd', slot: NOW_MS / 1000 },
    claim: {
      kind: 'claimed',
      attempt: 1,
      maxAttempts: 3,
      deadline: NOW_MS / 1000 + 15,
      isProbe: false,
      members: [member],
    },
    signal: abort ? AbortSignal.abort() : new AbortController().signal,
  });
  return { listed, shortened };
}

describe('looking for refused symbols in the list of their source', () => {
  it('lets those be tried sooner that the list has, in whatever batch', async () => {
    expect(await look(KRAKEN, {})).toEqual({ listed: true, shortened: ['XBTUSD'] });
  });

  it.each<[string, Source, { sinceMs?: number; abort?: boolean }]>([
    ['it has none', { ...KRAKEN, names: undefined }, {}],
    [
      'the list costs credits of the month',
      { ...KRAKEN, plans: [{ ...PLAN, monthly: { credits: 1, origin: '' } }] },
      {},
    ],
    ['they are refused for less than ten minutes', KRAKEN, { sinceMs: NOW_MS - 599_000 }],
    ['the process ends', KRAKEN, { abort: true }],
  ])('is left alone where %s', async (_, source, options) => {
    expect(await look(source, options)).toEqual({ listed: false, shortened: [] });
  });
});
