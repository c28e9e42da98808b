import { RepeatedLines } from './repeated-lines.js';

describe('repeated lines', () => {
  it('shows a message once in ten seconds and then says how often it came', () => {
    const lines = new RepeatedLines();
    expect(lines.admit('worker error: refused', 0)).toBe('');
    expect(lines.admit('worker error: refused', 100)).toBeUndefined();
    expect(lines.admit('worker error: refused', 9_999)).toBeUndefined();
    expect(lines.admit('worker error: refused', 10_000)).toBe(' (and 2 times before)');
    expect(lines.admit('worker error: refused', 30_000)).toBe('');
  });

  it('takes messages that differ in their numbers alone for the same', () => {
    const lines = new RepeatedLines();
    lines.admit('slot 1766000000 is late', 0);
    expect(lines.admit('slot 1766000005 is late', 1)).toBeUndefined();
  });

  it('tells different messages apart, and forgets the oldest of too many', () => {
    const lines = new RepeatedLines();
    lines.admit('first', 0);
    for (let step = 0; step < 200; step += 1) expect(lines.admit('x'.repeat(step + 1), 0)).toBe('');
    expect(lines.admit('first', 1)).toBe('');
  });
});
