import { readFile } from 'node:fs/promises';
import { foldedSymbol, type LinkRule } from '@app/domain';
import { readYaml, strictFields, YamlFileError } from '@app/yaml-file';
import { z } from 'zod';
import { SHIPPED_LINK_RULES } from './shipped-rules.js';

/** Thrown when the rules by which assets are linked cannot be used; names every fault and where it is. */
export class LinkRulesError extends YamlFileError {
  override readonly name = 'LinkRulesError';
}

const word = z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters');

const rule = strictFields(
  {
    id: word.describe("CoinGecko's id where there is one."),
    symbol: word.describe('The symbol that means this asset and no other.'),
    name: word.optional(),
    pegged_to: word.optional().describe('What it is held at the price of: usd.'),
    ids: z.record(word, word.nullable(), 'must be ids by source, such as { coinpaprika: btc-bitcoin }').default({}),
  },
  'must be a rule, such as { id: bitcoin, symbol: btc, ids: { coinpaprika: btc-bitcoin } }',
);

const file = strictFields({ assets: z.array(rule, 'must be a list of rules') }, 'must be assets: and a list of rules');

/**
 * The rules by which assets are linked: those of a file, and those of Tidemark that none of the file replaces, by its id or its symbol.
 * @param path undefined: Tidemark's alone.
 * @throws LinkRulesError
 */
export async function readLinkRules(path: string | undefined): Promise<readonly LinkRule[]> {
  if (path === undefined) return SHIPPED_LINK_RULES;
  const of = `ETL_LINKS_FILE ${path}`;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new LinkRulesError(of, [error instanceof Error ? error.message : String(error)], { cause: error });
  });
  return withShipped(parseLinkRules(text, of));
}

/** Reads rules. @param of what they are called in errors. @throws LinkRulesError with every fault. */
export function parseLinkRules(text: string, of: string): LinkRule[] {
  const { assets } = readYaml(text, {
    ...{ of, schema: file, error: LinkRulesError },
    faultsOf: ({ assets: rules }) => doubled(rules),
  });
  return assets.map(({ id, symbol, name, pegged_to: peggedTo, ids }) => ({
    ...{ canonicalId: id, symbol: foldedSymbol(symbol), name, peggedTo, ids },
  }));
}

function withShipped(own: readonly LinkRule[]): LinkRule[] {
  const taken = new Set(own.flatMap(({ canonicalId, symbol }) => [`id ${canonicalId}`, `symbol ${symbol}`]));
  const kept = SHIPPED_LINK_RULES.filter(
    ({ canonicalId, symbol }) => !taken.has(`id ${canonicalId}`) && !taken.has(`symbol ${symbol}`),
  );
  return [...own, ...kept];
}

type WrittenRule = z.output<typeof rule>;

/** Two rules that say different things of one asset. */
function doubled(rules: readonly WrittenRule[]) {
  const seen = new Map<string, number>();
  return rules.flatMap(({ id, symbol, ids }, index) =>
    [
      ...[`the id ${id}`, `the symbol ${foldedSymbol(symbol)}`],
      ...Object.entries(ids).flatMap(([source, own]) => (own === null ? [] : [`${own} of ${source}`])),
    ].flatMap((said) => {
      const before = seen.get(said);
      seen.set(said, before ?? index);
      if (before === undefined || before === index) return [];
      return [{ parameter: `assets.${index}`, sentence: `assets.${index}: a rule before it has ${said}` }];
    }),
  );
}
