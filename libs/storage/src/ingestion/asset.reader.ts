import type { Reader, Statement } from '../read/read-database.js';

/** What a source says of an asset now; amounts are decimals in US dollars as text. */
export interface StoredAsset {
  readonly assetId: string;
  readonly symbol: string;
  readonly name: string;
  readonly priceUsd: string | null;
  readonly marketCap: string | null;
  readonly volume24h: string | null;
  readonly source: string;
  readonly updatedAt: Date;
}

/** Which assets are asked for. */
export interface AssetFilter {
  /** A part of the symbol, whatever its case; undefined: any. */
  readonly symbol: string | undefined;
  readonly source: string | undefined;
}

/** By what assets are ranked. */
export type RankedBy = 'volume' | 'market_cap';

const COLUMNS = `asset_id AS "assetId", symbol, name, price_usd::text AS "priceUsd", market_cap::text AS "marketCap",
  volume_24h::text AS "volume24h", source, updated_at AS "updatedAt"`;

// A part of a text is no pattern: what stands for others in patterns stands for itself.
const FILTER = `($1::text IS NULL OR position(lower($1) IN lower(symbol)) > 0) AND ($2::text IS NULL OR source = $2)`;

const PAGE: Statement = {
  name: 'read-assets',
  text: `SELECT ${COLUMNS} FROM crypto_market_data WHERE ${FILTER}
         ORDER BY source, market_cap DESC NULLS LAST, asset_id LIMIT $3 OFFSET $4`,
};

const COUNT: Statement = {
  name: 'count-assets',
  text: `SELECT count(*)::int AS total FROM crypto_market_data WHERE ${FILTER}`,
};

const RANKED: Readonly<Record<RankedBy, Statement>> = {
  volume: ranking('volume_24h'),
  market_cap: ranking('market_cap'),
};

function ranking(column: string): Statement {
  return {
    name: `rank-assets-by-${column}`,
    text: `SELECT ${COLUMNS} FROM crypto_market_data WHERE source = $1 AND ${column} IS NOT NULL
           ORDER BY ${column} DESC NULLS LAST, asset_id LIMIT $2`,
  };
}

/** Reads what the sources say of assets. */
export class AssetReader {
  constructor(private readonly database: Reader & { snapshot<T>(work: (reader: Reader) => Promise<T>): Promise<T> }) {}

  /** A page of assets, by source and size, and how many there are in all. @param page from 1. */
  async page(
    { symbol, source }: AssetFilter,
    { page, size }: { readonly page: number; readonly size: number },
  ): Promise<{ readonly assets: StoredAsset[]; readonly total: number }> {
    const given = [symbol ?? null, source ?? null];
    return this.database.snapshot(async (reader) => {
      const [counted] = await reader.rows<{ total: number }>(COUNT, given);
      const assets = await reader.rows<StoredAsset & Record<string, unknown>>(PAGE, [
        ...given,
        size,
        (page - 1) * size,
      ]);
      return { assets, total: counted?.total ?? 0 };
    });
  }

  /** The assets of one source, the greatest first. */
  async ranked(by: RankedBy, source: string, limit: number): Promise<StoredAsset[]> {
    return this.database.rows<StoredAsset & Record<string, unknown>>(RANKED[by], [source, limit]);
  }

  /** The sources that rank assets so, by how many; files last, whose values may be old. */
  async sources(by: RankedBy): Promise<string[]> {
    const rows = await this.database.rows<{ source: string }>(SOURCES[by], []);
    return rows.map(({ source }) => source);
  }
}

const SOURCES: Readonly<Record<RankedBy, Statement>> = {
  volume: rankingSources('volume_24h'),
  market_cap: rankingSources('market_cap'),
};

function rankingSources(column: string): Statement {
  return {
    name: `read-sources-of-${column}`,
    text: `SELECT source FROM assets WHERE ${column} IS NOT NULL GROUP BY source ORDER BY source = 'csv', count(*) DESC, source`,
  };
}
