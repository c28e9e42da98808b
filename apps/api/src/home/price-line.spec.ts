import { LINE_SECONDS, lineStepSeconds, renderPriceLine } from './price-line.js';

const END = 10_000;
const BEGIN = END - LINE_SECONDS;

function path(points: readonly { slot: number; price: string }[], step = 60): string | undefined {
  return /d="([^"]*)"/.exec(renderPriceLine(points, END, step))?.[1];
}

describe('the line of a price', () => {
  it('goes from left to right, the lowest price at the bottom and the highest at the top', () => {
    const points = [
      { slot: BEGIN, price: '10' },
      { slot: BEGIN + 60, price: '30.5' },
      { slot: BEGIN + 120, price: '20.25' },
    ];
    expect(path(points)).toBe('M0.0 26.0h0L2.0 2.0L4.0 14.0');
  });

  it('has a break where a price is missing, and a dot where one stands alone', () => {
    const points = [0, 60, 180, 300, 360].map((after) => ({ slot: BEGIN + after, price: String(after + 1) }));
    expect(path(points)?.replaceAll(/[\d.]+ [\d.]+/g, '')).toBe('Mh0LMh0Mh0L');
  });

  it('joins prices that lie anywhere in neighbouring steps', () => {
    const points = [BEGIN, BEGIN + 119].map((slot) => ({ slot, price: '5' }));
    expect(path(points)).toBe('M0.0 14.0h0L4.0 14.0');
  });

  it.each([[[]], [[{ slot: BEGIN, price: '1' }]]])('is not there for %j', (points) => {
    expect(renderPriceLine(points, END, 60)).toBe('');
  });

  it('has one price a minute, or one an interval where that is longer', () => {
    expect([1, 60, 300].map(lineStepSeconds)).toEqual([60, 60, 300]);
  });
});
