/** A time on a wall clock, as ISO 8601 writes it, in the Gregorian calendar. */
interface WallTime {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Digits after the second are cut off at the millisecond. */
  readonly millisecond: number;
}

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,18}))?)?\s?(Z|z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/;

const OFFSET = /^([+-])(\d{2})(?::?(\d{2}))?$/;

const MINUTE_MS = 60_000;

/**
 * Reads an ISO 8601 time with an offset, or without one when it is known in which zone it is written.
 * @param zone IANA name or offset (`Asia/Seoul`, `+09:00`) that holds where the text names none.
 * @returns UNIX milliseconds; undefined for anything else, for a day or an hour that there is not, and without a zone. An hour that a
 * clock shows twice in autumn is the first one: an old price must not pass for a new one.
 */
export function isoTime(text: string, zone?: string): number | undefined {
  const match = ISO.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second = '0', fraction = '', written] = match;
  const wall: WallTime = {
    ...{ year: Number(year), month: Number(month), day: Number(day) },
    ...{ hour: Number(hour), minute: Number(minute), second: Number(second) },
    millisecond: Number(fraction.padEnd(3, '0').slice(0, 3)),
  };
  const asUtc = utcOf(wall);
  const where = written ?? zone;
  if (asUtc === undefined || where === undefined) return undefined;
  const offset = offsetMsOf(where);
  if (offset !== undefined) return asUtc - offset;
  return written === undefined && isZone(where) ? inZone(asUtc, where) : undefined;
}

/** Whether a text is an IANA zone or an offset that {@link isoTime} understands. */
export function isZone(text: string): boolean {
  if (offsetMsOf(text) !== undefined) return true;
  // Node takes offsets that no clock on earth shows.
  if (/^[+-]/.test(text)) return false;
  try {
    formatOf(text);
    return true;
  } catch {
    return false;
  }
}

/** The wall time read as UTC, in milliseconds; undefined when there is no such time. */
function utcOf({ year, month, day, hour, minute, second, millisecond }: WallTime): number | undefined {
  const at = new Date(Date.UTC(year, month - 1, day, hour, minute, second, millisecond));
  const isReal =
    at.getUTCMonth() === month - 1 &&
    at.getUTCDate() === day &&
    at.getUTCHours() === hour &&
    at.getUTCMinutes() === minute &&
    at.getUTCSeconds() === second;
  return isReal ? at.getTime() : undefined;
}

/** Milliseconds east of UTC; undefined when the text is no offset. */
function offsetMsOf(text: string): number | undefined {
  if (/^(Z|UTC|GMT)$/i.test(text)) return 0;
  const match = OFFSET.exec(text);
  if (match === null) return undefined;
  const [, sign, hours, minutes = '0'] = match;
  if (Number(hours) > 14 || Number(minutes) > 59) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS;
}

/** The first instant at which a clock of the zone shows this time; undefined when it never does, in the hour that is left out in spring. */
function inZone(asUtc: number, zone: string): number | undefined {
  // A day before and after lie on both sides of a change of the clock.
  const offsets = [-1, 1].map((days) => zoneOffsetMs(asUtc + days * 24 * 60 * MINUTE_MS, zone));
  const instants = offsets
    .map((offset) => asUtc - offset)
    .filter((instant) => instant + zoneOffsetMs(instant, zone) === asUtc);
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** How far the clock of a zone is ahead of UTC at an instant, in milliseconds. */
function zoneOffsetMs(instant: number, zone: string): number {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = NaN, month = NaN, day = NaN, hour = NaN, minute = NaN, second = NaN } = parts;
  const shown = Date.UTC(year, month - 1, day, hour, minute, second);
  return shown - Math.floor(instant / 1000) * 1000;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Making one takes longer than using it a thousand times. @throws RangeError when there is no such zone. */
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const digits = {
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  } as const;
  const made = new Intl.DateTimeFormat('en-u-ca-gregory-nu-latn', { timeZone: zone, hourCycle: 'h23', ...digits });
  formats.set(zone, made);
  return made;
}
