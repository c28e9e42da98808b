import { plainDecimal } from '@app/domain';
import { z } from 'zod';
import { wireNumber } from '../contract/index.js';

/** Schema of an amount in US dollars; null is none, and a field that is not there has drifted. @returns a plain decimal. */
export const wireAmount = wireNumber.nullable().transform((number, context) => {
  if (number === null) return undefined;
  const text = plainDecimal(number.text);
  if (text !== undefined && !text.startsWith('-')) return text;
  context.addIssue({ code: 'custom', message: 'expected an amount that is not negative, of 40 digits at most' });
  return z.NEVER;
});

/** Schema of a name or symbol of an asset. */
export const assetText = z.string().trim().min(1, 'expected a text').max(200, 'expected a short text');
