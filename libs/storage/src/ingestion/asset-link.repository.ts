import {
  linkAssets,
  type AssetIdentities,
  type AssetLink,
  type CanonicalAsset,
  type LinkRule,
  type ListedAsset,
} from '@app/domain';
import type pg from 'pg';
import { inTransaction } from '../database/pool.js';

/** What linking has changed. */
export interface LinkCounts {
  /** Links that are new, or lead elsewhere now. */
  readonly linked: number;
  /** Links that a rule has taken away. */
  readonly unlinked: number;
}

/** Keeps which assets of different sources are one. */
export class AssetLinkRepository {
  /** The rules by which this process linked last. */
  private linkedBy: readonly LinkRule[] | undefined;

  constructor(private readonly pool: pg.Pool) {}

  /**
   * Links what the lists say by now, all of it or nothing; the same again writes nothing. Prices change at every run, symbols and names
   * seldom: after the first time, all of it is only read where an asset is new or has another symbol or name.
   */
  async link(rules: readonly LinkRule[]): Promise<LinkCounts> {
    const counts = await inTransaction(this.pool, async (client) => {
      // Lists of two sources may end at once.
      await client.query(`SELECT pg_advisory_xact_lock(hashtext('tidemark links'))`);
      if (this.linkedBy === rules && !(await isAnyUnlinked(client))) return { linked: 0, unlinked: 0 };
      const { rows } = await client.query<ListedAsset>(
        `SELECT source, asset_id AS "assetId", symbol, name FROM assets`,
      );
      const known = await readIdentities(client);
      const next = linkAssets(rows, rules, known);
      const changed = without(next.links, known.links, textOfLink);
      const gone = without(known.links, next.links, keyOf);
      const assets = without(next.assets, known.assets, textOfAsset);
      const unused = without(known.assets, next.assets, ({ canonicalId }) => canonicalId);
      if (changed.length + gone.length + assets.length + unused.length > 0) {
        await deleteLinks(client, [...changed, ...gone]);
        await storeAssets(client, assets);
        await storeLinks(client, changed);
        await client.query(`DELETE FROM canonical_assets WHERE canonical_id = ANY($1)`, [
          unused.map(({ canonicalId }) => canonicalId),
        ]);
      }
      await client.query(`UPDATE asset_links l SET symbol = a.symbol, name = a.name FROM assets a WHERE ${IS_OTHER}`);
      return { linked: changed.length, unlinked: gone.length };
    });
    this.linkedBy = rules;
    return counts;
  }
}

const IS_OTHER = `l.source = a.source AND l.asset_id = a.asset_id AND (l.symbol, l.name) IS DISTINCT FROM (a.symbol, a.name)`;

async function isAnyUnlinked(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ isAny: boolean }>(
    `SELECT EXISTS (SELECT FROM assets a WHERE NOT EXISTS (
         SELECT FROM asset_links l WHERE l.source = a.source AND l.asset_id = a.asset_id
       )) OR EXISTS (SELECT FROM asset_links l JOIN assets a ON ${IS_OTHER}) AS "isAny"`,
  );
  return rows[0]?.isAny ?? true;
}

async function readIdentities(client: pg.ClientBase): Promise<AssetIdentities> {
  const assets = await client.query<CanonicalAsset>(
    `SELECT canonical_id AS "canonicalId", symbol, name, pegged_to AS "peggedTo", is_symbol_clear AS "isSymbolClear" FROM canonical_assets`,
  );
  const links = await client.query<AssetLink>(
    `SELECT source, asset_id AS "assetId", canonical_id AS "canonicalId", linked_by AS "linkedBy" FROM asset_links`,
  );
  return { assets: assets.rows, links: links.rows };
}

/** Those of the first that the second has not. */
function without<T>(first: readonly T[], second: readonly T[], textOf: (one: T) => string): T[] {
  const texts = new Set(second.map(textOf));
  return first.filter((one) => !texts.has(textOf(one)));
}

function keyOf({ source, assetId }: AssetLink): string {
  return JSON.stringify([source, assetId]);
}

function textOfLink({ source, assetId, canonicalId, linkedBy }: AssetLink): string {
  return JSON.stringify([source, assetId, canonicalId, linkedBy]);
}

function textOfAsset({ canonicalId, symbol, name, peggedTo, isSymbolClear }: CanonicalAsset): string {
  return JSON.stringify([canonicalId, symbol, name, peggedTo, isSymbolClear]);
}

/** First of all, so that no two links of one source lead to an asset in between. */
async function deleteLinks(client: pg.ClientBase, links: readonly AssetLink[]): Promise<void> {
  await client.query(
    `DELETE FROM asset_links l USING unnest($1::text[], $2::text[]) AS g(source, asset_id)
     WHERE l.source = g.source AND l.asset_id = g.asset_id`,
    [links.map(({ source }) => source), links.map(({ assetId }) => assetId)],
  );
}

async function storeAssets(client: pg.ClientBase, assets: readonly CanonicalAsset[]): Promise<void> {
  await client.query(
    `INSERT INTO canonical_assets (canonical_id, symbol, name, pegged_to, is_symbol_clear)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[])
     ON CONFLICT (canonical_id) DO UPDATE SET symbol = EXCLUDED.symbol, name = EXCLUDED.name, pegged_to = EXCLUDED.pegged_to,
       is_symbol_clear = EXCLUDED.is_symbol_clear`,
    [
      ...[assets.map(({ canonicalId }) => canonicalId), assets.map(({ symbol }) => symbol)],
      ...[assets.map(({ name }) => name), assets.map(({ peggedTo }) => peggedTo)],
      assets.map(({ isSymbolClear }) => isSymbolClear),
    ],
  );
}

async function storeLinks(client: pg.ClientBase, links: readonly AssetLink[]): Promise<void> {
  await client.query(
    `INSERT INTO asset_links (source, asset_id, canonical_id, linked_by, linked_at)
     SELECT g.*, now() FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS g`,
    [
      ...[links.map(({ source }) => source), links.map(({ assetId }) => assetId)],
      ...[links.map(({ canonicalId }) => canonicalId), links.map(({ linkedBy }) => linkedBy)],
    ],
  );
}
