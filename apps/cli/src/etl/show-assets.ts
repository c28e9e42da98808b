import { AssetLinkReader, ReadDatabase } from '@app/storage';
import { alignColumns } from '../align-columns.js';
import type { Terminal } from '../terminal.js';
import { withDatabase } from './with-database.js';

/** Which assets are shown. */
export interface ShownAssets {
  /** In lower case; undefined: any. */
  readonly symbol: string | undefined;
  readonly isAmbiguous: boolean;
  readonly limit: number;
  readonly isJson: boolean;
}

/** What each source calls an asset, or the symbols that mean none. */
export async function showAssets(terminal: Terminal, shown: ShownAssets): Promise<string> {
  return withDatabase(terminal, async (pool) => {
    const reader = new AssetLinkReader(new ReadDatabase(pool));
    const counts = await reader.counts();
    if (counts.assets === 0 && !shown.isJson)
      return 'No asset is linked yet, since no list was read: tidemark etl run --source coinpaprika\n';
    return shown.isAmbiguous
      ? showAmbiguous(reader, counts, shown)
      : showLinks(reader, counts, shown, terminal.columns);
  });
}

type Counts = Awaited<ReturnType<AssetLinkReader['counts']>>;

async function showLinks(
  reader: AssetLinkReader,
  counts: Counts,
  { symbol, limit, isJson }: ShownAssets,
  columns: number,
): Promise<string> {
  const assets = await reader.links(symbol, limit);
  if (isJson) return `${JSON.stringify({ counts, assets }, null, 2)}\n`;
  const rows = assets.map((asset) => [
    ...[asset.symbol, asset.canonicalId, asset.name],
    asset.isSymbolClear ? 'yes' : 'no',
    ...[asset.peggedTo ?? '-', idsOf(asset.ids)],
  ]);
  return `${alignColumns([['SYMBOL', 'ASSET', 'NAME', 'CLEAR', 'PEGGED TO', 'SOURCES'], ...rows], columns)}${totalOf(counts)}\n`;
}

async function showAmbiguous(
  reader: AssetLinkReader,
  counts: Counts,
  { symbol, limit, isJson }: ShownAssets,
): Promise<string> {
  const symbols = await reader.ambiguous(symbol, limit);
  if (isJson) return `${JSON.stringify({ counts, symbols }, null, 2)}\n`;
  const lines = symbols.flatMap((each) => [
    `${each.symbol}: ${reasonOf(each.isShared, each.assets.length)}`,
    ...each.assets.map(({ canonicalId, name, ids }) => `  ${canonicalId} (${name}): ${idsOf(ids)}`),
  ]);
  return `${[...lines, totalOf(counts)].join('\n')}\n`;
}

function reasonOf(isShared: boolean, count: number): string {
  if (count === 1) return 'a rule gives the symbol to another asset';
  return isShared ? 'several assets of one source have it' : 'each source has another name for it';
}

function idsOf(ids: Readonly<Record<string, string>>): string {
  return Object.entries(ids)
    .map(([source, id]) => `${source}:${id}`)
    .join(' ');
}

function totalOf({ assets, linked, ambiguous }: Counts): string {
  return `${assets} assets, ${linked} of them with several sources; ${ambiguous} symbols are ambiguous.`;
}
