import type { Finding } from '@app/storage';
import { isProven, renderText } from './render-findings.js';

const horizon = { nowSeconds: 0, judgedUntilSeconds: 0, endSlot: 0, isRunning: true };
const finding = (changes: Partial<Finding>): Finding => ({
  invariant: 'I1',
  title: 'every slot',
  status: 'ok',
  figures: [],
  problems: [],
  ...changes,
});
const render = (...findings: Finding[]): string[] => renderText({ horizon, findings });

describe('what verify prints', () => {
  it('is one line for an invariant that holds, with its figures', () => {
    const figures = [
      { name: 'expected', value: 34_812 },
      { name: 'explained', value: 22, parts: { not_planned: 20, timeout: 2 } },
    ];
    expect(render(finding({ figures }))).toEqual([
      'I1  ok        every slot   expected 34,812 · explained 22 (not_planned 20, timeout 2)',
      '',
      'Proven: I1.',
    ]);
  });

  it('names the places below what is broken, with the slot as a number and as a time', () => {
    const examples = [{ ticker: 'btc_usd', slot: 1_740_787_200, detail: 'no price' }];
    const lines = render(finding({ status: 'broken', problems: [{ problem: 'hole', count: 1, examples }] }));
    expect(lines).toEqual([
      'I1  broken    every slot',
      '    hole: 1',
      '      btc_usd  1740787200  2025-03-01T00:00:00Z  no price',
      '',
      'BROKEN: I1.',
    ]);
  });

  it('shares ten places among the problems and says how many more there are', () => {
    const examples = Array.from({ length: 10 }, (_, slot) => ({ ticker: 'btc_usd', slot, detail: 'gone' }));
    const problems = ['a', 'b', 'c'].map((problem) => ({ problem, count: 1_000, examples }));
    const lines = render(finding({ status: 'broken', problems }));
    expect(lines.filter((line) => line.includes('gone'))).toHaveLength(9);
    expect(lines.filter((line) => line.includes('and 997 more'))).toHaveLength(3);
  });

  it('says why something is unproven, and never calls it ok', () => {
    const lines = render(finding({}), finding({ invariant: 'I4', status: 'unproven', reason: 'prices are real' }));
    expect(lines).toContain('    unproven: prices are real');
    expect(lines.at(-1)).toBe('Proven: I1. Unproven: I4.');
  });

  it('says so where an invariant is proven in part', () => {
    expect(render(finding({}), finding({ status: 'unproven' })).at(-1)).toBe('Proven: I1. Unproven: I1 in part.');
  });

  it('survives a slot that is no time', () => {
    const examples = [{ ticker: 'btc_usd', slot: 1e17, detail: 'far' }];
    const lines = render(finding({ status: 'broken', problems: [{ problem: 'hole', count: 1, examples }] }));
    expect(lines).toContain(`      btc_usd  100000000000000000  no time  far`);
  });
});

describe('isProven', () => {
  it('is false as soon as one finding is broken, and true beside unproven ones', () => {
    expect(isProven([finding({}), finding({ status: 'broken' })])).toBe(false);
    expect(isProven([finding({}), finding({ status: 'unproven' })])).toBe(true);
  });
});
