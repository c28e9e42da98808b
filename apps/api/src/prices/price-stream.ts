import { Readable } from 'node:stream';
import { MAX_PAGE_ROWS, type Order, type PricePage, type PriceRange, type PriceReader } from '@app/storage';

/** Which prices to send. */
export interface PriceQuestion {
  readonly ticker: string;
  readonly range: PriceRange;
  readonly order: Order;
  /** Most prices to send; undefined sends all. */
  readonly limit: number | undefined;
  /** Makes the cursor that goes on with the rest. */
  readonly cursorOf: (rest: PriceRange) => string;
}

/**
 * Answers with prices as JSON text. The first page is read here, so that a database that is away is reported by a status;
 * what follows is read page by page as the client takes it: no connection is held while it is slow, and never more than
 * a few pages are in memory.
 * @returns the whole text when one page was enough, else a stream, which fails when a later page cannot be read.
 */
export async function answerPrices(reader: PriceReader, question: PriceQuestion): Promise<string | Readable> {
  const first = await readPage(reader, question, question.range, 0);
  if (isLast(first, question.limit)) return opening(question, first) + closing(question, first);
  // A page counts as full by itself, so that one is read ahead of the client and no more.
  return Readable.from(pages(reader, question, first), { objectMode: true, highWaterMark: 1 });
}

/** A page, and how many prices have been read up to its end. */
interface CountedPage extends PricePage {
  readonly rowsSoFar: number;
}

async function* pages(reader: PriceReader, question: PriceQuestion, first: CountedPage): AsyncGenerator<string> {
  yield opening(question, first);
  let page = first;
  while (!isLast(page, question.limit) && page.rest !== undefined) {
    page = await readPage(reader, question, page.rest, page.rowsSoFar);
    // Prices can be gone by now when old ones are being dropped; then there is nothing to put a comma before.
    if (page.items !== '') yield `,${page.items}`;
  }
  yield closing(question, page);
}

async function readPage(
  reader: PriceReader,
  question: PriceQuestion,
  range: PriceRange,
  rowsBefore: number,
): Promise<CountedPage> {
  const rows = Math.min(MAX_PAGE_ROWS, (question.limit ?? Infinity) - rowsBefore);
  const page = await reader.page(range, question.order, rows);
  return { ...page, rowsSoFar: rowsBefore + rows };
}

/** Whether nothing is left to read: a page that has a rest is always full, so the rows so far are exact when it matters. */
function isLast(page: CountedPage, limit: number | undefined): boolean {
  return page.rest === undefined || page.rowsSoFar >= (limit ?? Infinity);
}

function opening(question: PriceQuestion, first: PricePage): string {
  return `{"ticker":${JSON.stringify(question.ticker)},"data":[${first.items}`;
}

function closing(question: PriceQuestion, last: PricePage): string {
  return `],"next":${last.rest === undefined ? 'null' : JSON.stringify(question.cursorOf(last.rest))}}`;
}
