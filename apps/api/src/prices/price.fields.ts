import { PRICE_FLAGS, type PriceFlag } from '@app/domain';
import { decimal, unixTime } from '@app/openapi';
import { z } from 'zod';

/** A price as text. */
export const price = () =>
  decimal('Exactly the digits that stood on the wire; those that are known of a `derived` price');

/** When a price was received. */
export const receipt = () => unixTime('When it was received: UNIX seconds with milliseconds');

/** Who a price comes from. */
export const servedSource = () => z.string().describe('Name of the source; `median` for a median');

/** What is special about a price. */
export const flags = () =>
  z
    .array(z.enum(Object.keys(PRICE_FLAGS) as PriceFlag[]))
    .describe(
      'What is special about it: `derived` has not the digits of the wire, `mapped` was read from a field that had drifted, `at_par` took a stablecoin for a dollar, `unconfirmed` lies far from the price before it for ten minutes and nothing has confirmed it, `frozen` has had the same digits for long while no other source reported',
    );

/** How a median came about. */
export const consensusSchema = z
  .strictObject({
    sources: z.int().min(1).describe('How many sources it is made of'),
    spread: decimal('Distance of the lowest from the highest of them, in parts of the price'),
    used: z.array(z.string()).describe('Their names, lowest price first'),
    left_out: z
      .array(
        z.strictObject({
          source: z.string().describe('Name of the source'),
          price: z.string().nullable().describe('What it reported, converted; null when it reported nothing'),
          reason: z.string().describe('`outlier`, `not_reported`, or the reason of its sample'),
        }),
      )
      .describe('Every other source that was asked'),
  })
  .meta({
    id: 'Consensus',
    description: 'How a median came about: how many sources, how far apart, who was left out and why',
  });
