import type { LinePoint } from '@app/storage';

/** What a line of the home page shows, in seconds: the last hour. */
export const LINE_SECONDS = 3_600;

/** Least width of a step of a line, in seconds: sixty prices are as many as the eye can tell apart on it. */
const LEAST_STEP_SECONDS = 60;

/** The size of the picture in units of its own; the page gives it another. */
const [WIDTH, HEIGHT, MARGIN] = [120, 28, 2];

/** How wide a step of the line of a ticker is: it has one price a step, and a step without one shows as a break. */
export function lineStepSeconds(intervalSeconds: number): number {
  return Math.max(LEAST_STEP_SECONDS, intervalSeconds);
}

/**
 * Draws prices as a line, as inline SVG: the lowest at the bottom and the highest at the top, and a break where a price is missing.
 * @param points oldest first, one a step.
 * @param toSlot the end of the hour that it shows, UNIX seconds.
 * @param stepSeconds how far two neighbours lie apart when none is missing.
 * @returns nothing for less than two prices, of which there is no line.
 */
export function renderPriceLine(points: readonly LinePoint[], toSlot: number, stepSeconds: number): string {
  if (points.length < 2) return '';
  // Floats are enough for a picture.
  const prices = points.map(({ price }) => Number(price));
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const across = (slot: number): string => (((slot - toSlot + LINE_SECONDS) / LINE_SECONDS) * WIDTH).toFixed(1);
  const up = (price: number): string =>
    (high === low ? HEIGHT / 2 : HEIGHT - MARGIN - ((price - low) / (high - low)) * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const path = points.map(({ slot }, index) => {
    const before = points[index - 1];
    // The last price of a step may lie anywhere in it, so that two neighbours are less than two steps apart.
    const joined = before !== undefined && slot - before.slot < 2 * stepSeconds;
    return `${joined ? 'L' : 'M'}${across(slot)} ${up(prices[index] ?? low)}${joined ? '' : 'h0'}`;
  });
  return `<svg class="line" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true"><path d="${path.join('')}"/></svg>`;
}
