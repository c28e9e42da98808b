import { progressLine } from './progress-line.js';

const COUNTS = { written: 0, unchanged: 0, quarantined: 0, repeated: 0, returned: 0 };

it('is said at the end of each page, and once a second in between', () => {
  let nowMs = 0;
  const said: string[] = [];
  const tell = progressLine('csv', { columns: 100, now: () => nowMs }, (line) => said.push(line));
  for (let processed = 1; processed <= 5_000; processed += 1) {
    const pageDone = ((processed - 1) % 1_000) + 1;
    tell({ ...COUNTS, processed, page: String(Math.ceil(processed / 1_000)), pageDone, pageRecords: 1_000 });
    nowMs += 2;
  }
  expect(said).toHaveLength(11);
  expect(said[2]).toBe(`csv ${'█'.repeat(30)} 1000 of 1000 records of page 1, 1000 in all`);
});

it('has no bar where there is no room for one', () => {
  const said: string[] = [];
  const tell = progressLine('csv', { columns: 20, now: () => 0 }, (line) => said.push(line));
  tell({ ...COUNTS, processed: 1, page: '1', pageDone: 1, pageRecords: 2 });
  expect(said).toEqual(['csv  1 of 2 records of page 1, 1 in all']);
});
