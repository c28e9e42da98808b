/** A record of a list of assets, as it came. */
export interface RawRecord {
  /** Unique in its list; records are processed in the order of their ids. */
  readonly id: string;
  /** Where it stands, for people: `row 12 of page 1`, `crypto_data.csv, line 13`. */
  readonly place: string;
  /** JSON, with every number as it stood on the wire. */
  readonly payload: string;
}

/** What a record says of an asset. */
export interface AssetValues {
  /** As its source calls it: `bitcoin`. */
  readonly assetId: string;
  /** As its source writes it: `btc`, `BTC`. */
  readonly symbol: string;
  /** For people: `Bitcoin`. */
  readonly name: string;
  /** Plain decimals in US dollars; undefined where the record has none. */
  readonly priceUsd?: string | undefined;
  readonly marketCap?: string | undefined;
  readonly volume24h?: string | undefined;
  /** Since when the record says so, by its source. */
  readonly updatedAt: Date;
}

/** A record with what was read in it: an asset, or in one sentence why there is none. */
export type ReadRecord = RawRecord & ({ readonly asset: AssetValues } | { readonly fault: string });

/** A page of a list. */
export interface RecordPage {
  /** How the source is asked for it: `1`. */
  readonly page: string;
  /** How it is asked for the next one; null after the last. */
  readonly nextPage: string | null;
  readonly fetchedAt: Date;
  /** In the order of their ids, none twice. */
  readonly records: readonly RawRecord[];
}
