import type { Readable } from 'node:stream';
import type { PriceRange, PriceReader } from '@app/storage';
import { answerPrices, type PriceQuestion } from './price-stream.js';

const range: PriceRange = { tickerId: 1, fromSlot: 0, toSlot: 5 };
const question: PriceQuestion = {
  ticker: 'btc_usd',
  range,
  order: 'asc',
  limit: undefined,
  cursorOf: (rest) => `at ${rest.fromSlot}`,
};

/** A reader with one price per page, which fails at a page or not at all. */
function onePricePages(failAt = Infinity): { reader: PriceReader; pages: PriceRange[] } {
  const pages: PriceRange[] = [];
  const page = async (asked: PriceRange) => {
    pages.push(asked);
    if (pages.length >= failAt) throw new Error('the connection broke');
    const rest = asked.fromSlot + 1 < asked.toSlot ? { ...asked, fromSlot: asked.fromSlot + 1 } : undefined;
    return { items: String(asked.fromSlot), rest };
  };
  return { reader: { page } as unknown as PriceReader, pages };
}

async function textOf(stream: Readable): Promise<string> {
  return (await stream.toArray()).join('');
}

describe('answerPrices', () => {
  it('gives one page as text', async () => {
    const { reader } = onePricePages();
    const one = { ...question, range: { ...range, toSlot: 1 } };
    expect(await answerPrices(reader, one)).toBe('{"ticker":"btc_usd","data":[0],"next":null}');
  });

  it('streams page after page and closes the JSON after the last', async () => {
    const { reader } = onePricePages();
    const answer = await answerPrices(reader, question);
    expect(await textOf(answer as Readable)).toBe('{"ticker":"btc_usd","data":[0,1,2,3,4],"next":null}');
  });

  it('reads ahead of a client that takes nothing by a page or two, and stops when it leaves', async () => {
    const { reader, pages } = onePricePages();
    const stream = (await answerPrices(reader, { ...question, range: { ...range, toSlot: 1_000 } })) as Readable;
    stream.once('readable', () => undefined);
    for (let round = 0; round < 50; round += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(pages.length).toBeLessThanOrEqual(3);
    stream.destroy();
    for (let round = 0; round < 50; round += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(pages.length).toBeLessThanOrEqual(3);
  });

  it('fails at once when the first page cannot be read', async () => {
    await expect(answerPrices(onePricePages(1).reader, question)).rejects.toThrow('the connection broke');
  });

  it('fails the stream, without an end of the JSON, when a later page cannot be read', async () => {
    const stream = (await answerPrices(onePricePages(3).reader, question)) as Readable;
    let text = '';
    await expect(async () => {
      for await (const chunk of stream) text += String(chunk);
    }).rejects.toThrow('the connection broke');
    expect(text).toBe('{"ticker":"btc_usd","data":[0,1');
  });
});
