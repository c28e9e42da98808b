import { plainDecimal } from '@app/domain';
import { z } from 'zod';
import { isoTime, plausibleTime, unixTimeWithFraction } from '../contract/index.js';
import type { HttpJsonDeclaration } from './http-json-declaration.js';
import { wireTextOf } from './http-json-path.js';

/** In which units a declared time may be, and how many of them a second has. */
export const UNITS_PER_SECOND = {
  seconds: 1,
  milliseconds: 1_000,
  microseconds: 1_000_000,
  nanoseconds: 1_000_000_000,
} as const;

/** Schema of a time as a declaration writes it, as a number or as text. */
export function declaredTime({ time_unit: unit = 'seconds', time_zone: zone }: HttpJsonDeclaration): z.ZodType<Date> {
  const expected =
    unit !== 'iso'
      ? `expected a time in UNIX ${unit} between 2010 and 2100`
      : zone === undefined
        ? 'expected an ISO time with its zone between 2010 and 2100 (one without a zone needs "time_zone")'
        : 'expected an ISO time between 2010 and 2100';
  return z.unknown().transform((value, context) => {
    const text = wireTextOf(value) ?? '';
    const time =
      unit === 'iso'
        ? plausibleTime((typeof value === 'string' ? isoTime(text, zone) : undefined) ?? NaN)
        : unixTimeWithFraction(plainDecimal(text) ?? '', UNITS_PER_SECOND[unit]);
    if (time !== undefined) return time;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}
