import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseLinkRules, readLinkRules } from './read-link-rules.js';
import { SHIPPED_LINK_RULES } from './shipped-rules.js';

const RULES = `
assets:
  - { id: avalanche-2, symbol: AVAX, name: Avalanche, ids: { coinpaprika: avax-avalanche, csv: null } }
  - { id: gemini-dollar, symbol: gusd, pegged_to: usd }
`;

describe('rules by which assets are linked', () => {
  it('are read from a file', () => {
    expect(parseLinkRules(RULES, 'links.yaml')).toEqual([
      {
        ...{ canonicalId: 'avalanche-2', symbol: 'avax', name: 'Avalanche', peggedTo: undefined },
        ids: { coinpaprika: 'avax-avalanche', csv: null },
      },
      { canonicalId: 'gemini-dollar', symbol: 'gusd', name: undefined, peggedTo: 'usd', ids: {} },
    ]);
  });

  it.each([
    ['assets: [{ symbol: btc }]', /assets\.0\.id/],
    ['assets: [{ id: a, symbol: btc, sources: {} }]', /sources.*known are id, symbol/],
    ['assets: [{ id: a, symbol: btc }, { id: b, symbol: BTC }]', /assets\.1: a rule before it has the symbol btc/],
    ['assets: [{ id: a, symbol: a, ids: { csv: X } }, { id: b, symbol: b, ids: { csv: X } }]', /has X of csv/],
    ['rules: []', /rules/],
    ['assets: [', /links\.yaml is not usable/],
  ])('are refused as %s', (text, fault) => {
    expect(() => parseLinkRules(text, 'links.yaml')).toThrow(fault);
  });

  it('come before those of Tidemark, and replace them by id or symbol', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'tidemark-links-'));
    try {
      const file = path.join(folder, 'links.yaml');
      writeFileSync(file, RULES);
      const rules = await readLinkRules(file);
      expect(rules.filter(({ symbol }) => symbol === 'avax')).toHaveLength(1);
      expect(rules).toHaveLength(SHIPPED_LINK_RULES.length + 1);
      await expect(readLinkRules(path.join(folder, 'none.yaml'))).rejects.toThrow(/ETL_LINKS_FILE .*none\.yaml/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of Tidemark contradict each other nowhere', () => {
    const ids = SHIPPED_LINK_RULES.flatMap((rule) => [
      ...[rule.canonicalId, `symbol ${rule.symbol}`],
      ...Object.entries(rule.ids).map(([source, id]) => `${source} ${String(id)}`),
    ]);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
    expect(SHIPPED_LINK_RULES.find(({ symbol }) => symbol === 'btc')).toEqual({
      ...{ canonicalId: 'bitcoin', symbol: 'btc', peggedTo: undefined },
      ids: { coingecko: 'bitcoin', coinpaprika: 'btc-bitcoin' },
    });
  });
});
