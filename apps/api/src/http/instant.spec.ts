import fc from 'fast-check';
import { readInstant } from './instant.js';

const NEW_YEAR = 1_767_225_600;

describe('an instant', () => {
  it.each([
    ['1767225600', NEW_YEAR],
    ['0', 0],
    ['0000001767225600', NEW_YEAR],
    ['9999999999', 9_999_999_999],
    ['2026-01-01', NEW_YEAR],
    ['2026-01-01T00:00Z', NEW_YEAR],
    ['2026-01-01T00:00:00Z', NEW_YEAR],
    ['2026-01-01T02:00+02:00', NEW_YEAR],
    ['2026-01-01 02:00 02:00', NEW_YEAR],
    ['2026-01-01T01:00:00+0100', NEW_YEAR],
    ['2026-01-01T01:00:00.000+0100', NEW_YEAR],
    ['2025-12-31T19:00-0500', NEW_YEAR],
    ['2026-01-01 01:00 0100', NEW_YEAR],
    ['2026-01-01T00:00:00', NEW_YEAR],
    ['2026-01-01T00:00', NEW_YEAR],
    ['2026-01-01 00:00:00', NEW_YEAR],
    ['2026-01-01t00:00:00z', NEW_YEAR],
    ['2026-01-01T02:00:00+02:00', NEW_YEAR],
    ['2025-12-31T19:00:00-05:00', NEW_YEAR],
    ['2026-01-01T02:00:00 02:00', NEW_YEAR],
    ['2026-01-01 02:00:00 02:00', NEW_YEAR],
    ['2026-01-01 02:00', NEW_YEAR + 7_200],
    ['2026-01-01T02:00:00.000+02:00', NEW_YEAR],
    ['2024-02-29', 1_709_164_800],
    ['1970-01-01', 0],
    ['2286-11-20T17:46:39Z', 9_999_999_999],
  ])('%s is %d, however a fraction is rounded', (text, seconds) => {
    expect([readInstant(text, 'up'), readInstant(text, 'down')]).toEqual([{ seconds }, { seconds }]);
  });

  it.each([
    ['2026-01-01T00:00:00.5Z', 1],
    ['2026-01-01T00:00:00.001', 1],
    ['2026-01-01T00:00:00.0000000001Z', 1],
    ['2026-01-01T00:00:59.999Z', 60],
    ['2026-01-01T02:00:00.25 02:00', 1],
  ])('%s lies between two seconds', (text, up) => {
    expect(readInstant(text, 'up').seconds).toBe(NEW_YEAR + up);
    expect(readInstant(text, 'down').seconds).toBe(NEW_YEAR + up - 1);
  });

  it.each([
    ['2027', 'looks like a date: write 2027-01-01, or UNIX seconds'],
    ['20261231', 'looks like a date: write 2026-12-31, or UNIX seconds'],
    ['2026-02-30', 'is no time that there is'],
    ['2025-02-29', 'is no time that there is'],
    ['2026-13-01', 'is no time that there is'],
    ['2026-01-01T24:00:00Z', 'is no time that there is'],
    ['2026-01-01T23:60:00Z', 'is no time that there is'],
    ['2026-01-01T00:00:60Z', 'is no time that there is'],
    ['2026-01-01T00Z', 'is no time that there is'],
    ['2026-01-01T00:00:00+25:00', 'is no time that there is'],
    ['2026-01-01T00:00:00 CET', 'is no time that there is'],
    ['2026-01-01T00:00.5Z', 'is no time that there is'],
    ['2026-01-01 00:00.5', 'is no time that there is'],
    ['2026-01-01T00:00:00+2500', 'is no time that there is'],
    ['2026-01-01T00:00:00+01', 'is no time that there is'],
    ['2026-01-01-0100', 'is no time that there is'],
    ['2026-01-01Z', 'is no time that there is'],
    ['2026-1-1', 'is no time that there is'],
    ['2026-01', 'is no time that there is'],
    ['20261-01-01', 'is no time that there is'],
    ['1969-12-31T23:59:59Z', 'is before 1970'],
    ['1970-01-01T00:00:00+00:01', 'is before 1970'],
    ['2286-11-20T17:46:40Z', 'must be at most 9999999999'],
    ['2286-11-20T17:46:39.5Z', 'must be at most 9999999999'],
    ['9999-12-31', 'must be at most 9999999999'],
    ['10000000000', 'must be at most 9999999999'],
    ['1766016000000', 'Milliseconds? Divide by 1000: 1766016000'],
    ['1766016000.5', 'without a fraction'],
    ['-1', 'is negative'],
    ['01/02/2026', 'neither UNIX seconds nor a time: write 1766000000 or 2025-12-17T19:33:20Z'],
    ['now', 'neither UNIX seconds nor a time: write 1766000000 or 2025-12-17T19:33:20Z'],
  ])('%s is refused: it %s', (text, fault) => {
    expect(readInstant(text, 'up').fault).toContain(fault);
  });

  it('of any date and zone is what JavaScript makes of it', () => {
    const date = fc.date({ min: new Date(0), max: new Date(9_999_999_999_000), noInvalidDate: true });
    fc.assert(
      fc.property(date, (instant) => {
        const text = instant.toISOString();
        expect(readInstant(text, 'down').seconds).toBe(Math.floor(instant.getTime() / 1000));
        if (instant.getTime() <= 9_999_999_998_000) {
          expect(readInstant(text, 'up').seconds).toBe(Math.ceil(instant.getTime() / 1000));
        }
        expect(readInstant(text.replace('Z', ''), 'down')).toEqual(readInstant(text, 'down'));
      }),
    );
  });

  it('never throws and is never a number that is no whole second, whatever it is given', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^\d{4}-\d\d-[0-9T:. +Z-]{2,20}$/));
    fc.assert(
      fc.property(text, fc.constantFrom('up' as const, 'down' as const), (given, rounding) => {
        const { seconds, fault } = readInstant(given, rounding);
        expect(fault !== undefined || Number.isSafeInteger(seconds)).toBe(true);
      }),
    );
  });
});
