import { coingeckoSource } from './coingecko.source.js';
import type { Source } from './contract/index.js';
import { deribitSource } from './deribit.source.js';

/** Every source there is. A new one is one file and one line here. */
export const SOURCES: readonly Source[] = [deribitSource, coingeckoSource];

/** The source of this name; undefined when there is none. */
export function sourceByName(name: string): Source | undefined {
  return SOURCES.find((source) => source.name === name);
}

/** The source of this stored id; undefined when there is none. */
export function sourceById(id: number): Source | undefined {
  return SOURCES.find((source) => source.id === id);
}
