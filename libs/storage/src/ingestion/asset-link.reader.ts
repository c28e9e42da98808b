import type { CanonicalAsset } from '@app/domain';
import type { Reader, Statement } from '../read/read-database.js';

/** A canonical asset with what each source calls it. */
export interface LinkedAsset extends CanonicalAsset {
  /** Ids by source. */
  readonly ids: Readonly<Record<string, string>>;
  /** The greatest that a source says, US dollars as text; null when none says any. */
  readonly marketCap: string | null;
}

/** A symbol that several assets have, or that a rule gives to another one, so that it means none of them. */
export interface AmbiguousSymbol {
  readonly symbol: string;
  /** Whether one source alone has several of them; else their names differ from source to source. */
  readonly isShared: boolean;
  /** The greatest first. */
  readonly assets: readonly {
    readonly canonicalId: string;
    readonly name: string;
    readonly ids: Readonly<Record<string, string>>;
  }[];
}

/** An asset of a ranking, as far as it is told apart. */
export interface RankedAsset extends LinkedAsset {
  readonly rank: number;
}

/** Which source ranks assets, and how many it has. */
export interface TopAssets {
  /** Null when no list was read yet. */
  readonly source: string | null;
  readonly assets: readonly RankedAsset[];
}

// What of an asset is told.
const LINKED = `c.canonical_id AS "canonicalId", c.symbol, c.name, c.pegged_to AS "peggedTo", c.is_symbol_clear AS "isSymbolClear",
  (SELECT json_object_agg(l.source, l.asset_id ORDER BY l.source) FROM asset_links l WHERE l.canonical_id = c.canonical_id) AS ids`;

const MARKET_CAP = `(SELECT max(a.market_cap) FROM asset_links l JOIN assets a USING (source, asset_id) WHERE l.canonical_id = c.canonical_id)`;

const LINKS: Statement = {
  name: 'read-asset-links',
  text: `SELECT ${LINKED}, v.market_cap::text AS "marketCap" FROM canonical_assets c, LATERAL (SELECT ${MARKET_CAP} AS market_cap) v
         WHERE $1::text IS NULL OR c.symbol = $1 ORDER BY v.market_cap DESC NULLS LAST, c.canonical_id LIMIT $2`,
};

const AMBIGUOUS: Statement = {
  name: 'read-ambiguous-symbols',
  text: `
    WITH unclear AS MATERIALIZED (
      SELECT symbol FROM canonical_assets GROUP BY symbol HAVING NOT bool_or(is_symbol_clear)
    ), one AS MATERIALIZED (
      SELECT ${LINKED}, ${MARKET_CAP} AS market_cap FROM unclear JOIN canonical_assets c USING (symbol)
    )
    SELECT symbol,
      EXISTS (SELECT FROM one o JOIN asset_links l ON l.canonical_id = o."canonicalId" WHERE o.symbol = one.symbol
              GROUP BY l.source HAVING count(*) > 1) AS "isShared",
      json_agg(json_build_object('canonicalId', "canonicalId", 'name', name, 'ids', ids)
               ORDER BY market_cap DESC NULLS LAST, "canonicalId") AS assets
    FROM one WHERE $1::text IS NULL OR symbol = $1
    GROUP BY symbol ORDER BY max(market_cap) DESC NULLS LAST, symbol LIMIT $2`,
};

const COUNTS: Statement = {
  name: 'count-asset-links',
  text: `SELECT count(*)::int AS assets, (count(*) FILTER (WHERE sources > 1))::int AS linked,
           (SELECT count(*)::int FROM (SELECT FROM canonical_assets GROUP BY symbol HAVING NOT bool_or(is_symbol_clear)) u) AS ambiguous
         FROM (SELECT count(*) AS sources FROM asset_links GROUP BY canonical_id) s`,
};

const TOP: Statement = {
  name: 'read-top-assets',
  text: `
    SELECT ${LINKED}, a.market_cap::text AS "marketCap", row_number() OVER (ORDER BY a.market_cap DESC, a.asset_id)::int AS rank
    FROM (SELECT * FROM assets WHERE source = $1 AND market_cap IS NOT NULL ORDER BY market_cap DESC NULLS LAST, asset_id LIMIT $2) a
    JOIN asset_links l USING (source, asset_id) JOIN canonical_assets c USING (canonical_id)
    ORDER BY rank`,
};

const RANKING_SOURCE: Statement = {
  name: 'read-ranking-source',
  text: `SELECT source FROM assets WHERE market_cap IS NOT NULL GROUP BY source ORDER BY source = 'csv', count(*) DESC, source LIMIT 1`,
};

/** Reads which assets of different sources are one. */
export class AssetLinkReader {
  constructor(private readonly database: Reader) {}

  /** The greatest first. @param symbol in lower case; undefined: any. */
  async links(symbol: string | undefined, limit: number): Promise<LinkedAsset[]> {
    return this.database.rows<LinkedAsset & Record<string, unknown>>(LINKS, [symbol ?? null, limit]);
  }

  /** Symbols that mean no asset, that of the greatest asset first. @param symbol in lower case; undefined: any. */
  async ambiguous(symbol: string | undefined, limit: number): Promise<AmbiguousSymbol[]> {
    return this.database.rows<AmbiguousSymbol & Record<string, unknown>>(AMBIGUOUS, [symbol ?? null, limit]);
  }

  /** How many assets there are, how many of them have several sources, and how many symbols are ambiguous. */
  async counts(): Promise<{ readonly assets: number; readonly linked: number; readonly ambiguous: number }> {
    const [counts] = await this.database.rows<{ assets: number; linked: number; ambiguous: number }>(COUNTS, []);
    return counts ?? { assets: 0, linked: 0, ambiguous: 0 };
  }

  /** The assets with the greatest market capitalisation by the source that has most of them, as `/rankings` says. */
  async top(limit: number): Promise<TopAssets> {
    const [ranking] = await this.database.rows<{ source: string }>(RANKING_SOURCE, []);
    if (ranking === undefined) return { source: null, assets: [] };
    const assets = await this.database.rows<RankedAsset & Record<string, unknown>>(TOP, [ranking.source, limit]);
    return { source: ranking.source, assets };
  }
}
