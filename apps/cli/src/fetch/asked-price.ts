import type { TickerParts } from '@app/domain';

/** A price that is asked for. */
export interface AskedPrice {
  readonly parts: TickerParts;
  /** Its name at sources that would not know it by themselves, by the name of the source. */
  readonly names: ReadonlyMap<string, string>;
}
