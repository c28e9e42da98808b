import type { ValueTransformer } from 'typeorm';

/** Slots are `bigint` in Postgres and safe integers here: UNIX seconds need 33 bits until the year 2242. */
export const slotColumn: ValueTransformer = {
  to: (slot: number | null) => slot,
  from: (text: string | null) => (text === null ? null : Number(text)),
};
