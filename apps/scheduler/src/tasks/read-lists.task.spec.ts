import { listIntervals } from './read-lists.task.js';

const MINUTE = 60;

describe('how often a list is read', () => {
  it.each([
    ['as the settings say, where no month is counted', 300, {}, undefined, false, [300, 300]],
    ['as seldom as a tenth of the month allows', 300, {}, undefined, true, [300, 1_296]],
    ['as seldom as the settings say', 3_600, {}, undefined, true, [3_600, 3_600]],
    ['by a key that counts months', 300, { coingecko: { apiKey: 'key' } }, undefined, true, [2_592, 1_296]],
    ['by each of its pages', 300, { coingecko: { apiKey: 'key' } }, 20, true, [864 * MINUTE, 1_296]],
  ])('is %s', (_which, seconds, access, coingecko, limited, expected) => {
    const pages: Record<string, number> = coingecko === undefined ? {} : { coingecko };
    const intervals = listIntervals(seconds, { access, csvFolder: '/srv/csv', pages, limited });
    expect([...intervals]).toEqual([
      ['coingecko', expected[0]],
      ['coinpaprika', expected[1]],
      ['csv', seconds],
    ]);
  });
});
