import { describeFault } from './describe-fault.js';

describe('the words for a fault', () => {
  test.each([
    ['an error', new Error('connection refused'), 'connection refused'],
    ['something else that was thrown', 'refused', 'refused'],
    [
      'several tries at one address, by their causes',
      new AggregateError([new Error('refused by ::1'), new Error('refused by 127.0.0.1')]),
      'refused by ::1, refused by 127.0.0.1',
    ],
    ['several tries with words of their own', new AggregateError([new Error('refused')], 'all failed'), 'all failed'],
  ])('are those of %s', (_what, fault, words) => {
    expect(describeFault(fault)).toBe(words);
  });
});
