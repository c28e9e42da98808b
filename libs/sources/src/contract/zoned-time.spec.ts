import fc from 'fast-check';
import { isoTime, isZone } from './zoned-time.js';

const instants = fc.date({
  min: new Date('2010-01-02T00:00:00Z'),
  max: new Date('2099-12-30T00:00:00Z'),
  noInvalidDate: true,
});

/** An offset of so many minutes, as ISO 8601 writes it. */
function offsetText(minutes: number, colon: string): string {
  const two = (number: number) => String(number).padStart(2, '0');
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}${colon}${two(size % 60)}`;
}

/** The wall time of an instant where clocks are so many minutes ahead of UTC, without a zone. */
function wallText(instant: Date, minutes: number): string {
  return new Date(instant.getTime() + minutes * 60_000).toISOString().slice(0, -1);
}

describe('an ISO time', () => {
  it('is the same instant with any offset, written in any way', () => {
    const minutes = fc.integer({ min: -14 * 60, max: 14 * 60 });
    fc.assert(
      fc.property(
        instants,
        minutes,
        fc.constantFrom(':', ''),
        fc.constantFrom('T', ' '),
        (instant, ahead, colon, gap) => {
          const wall = wallText(instant, ahead);
          expect(isoTime(`${wall.replace('T', gap)}${offsetText(ahead, colon)}`)).toBe(instant.getTime());
          expect(isoTime(wall)).toBeUndefined();
          expect(isoTime(wall, offsetText(ahead, ':'))).toBe(instant.getTime());
          // The zone that is written is right; the declared one is for times without.
          expect(isoTime(`${wall}${offsetText(ahead, colon)}`, 'Asia/Seoul')).toBe(instant.getTime());
        },
      ),
    );
  });

  it('is read by the clocks of a zone, in summer and in winter', () => {
    const zones: readonly (readonly [string, string, string])[] = [
      ['Asia/Seoul', '2026-07-01T09:00:00', '2026-07-01T00:00:00Z'],
      ['Asia/Kolkata', '2026-07-01T05:30:00.5', '2026-07-01T00:00:00.500Z'],
      ['Europe/Berlin', '2026-07-01T02:00:00', '2026-07-01T00:00:00Z'],
      ['Europe/Berlin', '2026-01-01T01:00:00', '2026-01-01T00:00:00Z'],
      ['America/New_York', '2026-03-08T03:00:00', '2026-03-08T07:00:00Z'],
      ['America/New_York', '2026-03-08T01:59:59', '2026-03-08T06:59:59Z'],
      ['Pacific/Apia', '2026-01-01T13:00:00', '2026-01-01T00:00:00Z'],
    ];
    for (const [zone, wall, utc] of zones) expect(new Date(isoTime(wall, zone) ?? NaN)).toEqual(new Date(utc));
  });

  it('of an hour that comes twice is the first, and of one that never comes is none', () => {
    expect(isoTime('2026-10-25T02:30:00', 'Europe/Berlin')).toBe(Date.parse('2026-10-25T00:30:00Z'));
    expect(isoTime('2026-10-25T03:00:00', 'Europe/Berlin')).toBe(Date.parse('2026-10-25T02:00:00Z'));
    expect(isoTime('2026-03-29T02:30:00', 'Europe/Berlin')).toBeUndefined();
    expect(isoTime('2026-10-25T02:30:00+01:00', 'Europe/Berlin')).toBe(Date.parse('2026-10-25T01:30:00Z'));
  });

  it('agrees with the clocks of a zone at every instant but the repeated hour', () => {
    const zone = 'America/New_York';
    const clock = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
    fc.assert(
      fc.property(instants, (at) => {
        const whole = Math.floor(at.getTime() / 1000) * 1000;
        const read = isoTime(clock.format(whole), zone) ?? NaN;
        // sv-SE writes 2026-01-01 11:00:01. In the repeated hour the first one is taken.
        expect([0, 3_600_000]).toContain(whole - read);
        expect(clock.format(read)).toBe(clock.format(whole));
      }),
    );
  });

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    '2026-01-01T00:00:00+15:00',
    '2026-01-01T00:00:00+01:60',
    '2026-01-01',
    '20260101T000000Z',
    '2026-01-01T00:00:00.Z',
    '2026-01-01T00:00:00 CET',
    'yesterday',
    '',
  ])('is not %j', (text) => {
    expect(isoTime(text)).toBeUndefined();
  });

  it.each([
    ['UTC', true],
    ['Asia/Seoul', true],
    ['+09:00', true],
    ['-0330', true],
    ['Mars/Olympus', false],
    ['+15:00', false],
    ['+01:60', false],
    ['', false],
  ])('has a zone %j: %s', (zone, expected) => {
    expect(isZone(zone)).toBe(expected);
  });
});
