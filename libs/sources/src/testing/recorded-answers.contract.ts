import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SOURCE_ERROR_KINDS, type SourceErrorKind, parseTicker } from '@app/domain';
import { z } from 'zod';
import { AnswerReader, readJson, wireObject } from '../contract/index.js';
import { readAnswer } from '../read-answer.js';
import { SourceError } from '../contract/source-error.js';
import { type Source } from '../contract/source.js';
import { type RequestedTicker, type SourceReading, isQuote } from '../contract/source-message.js';

// The recorded answers have no licence and so are not part of this repository, but lie beside it.
const BESIDE = fileURLToPath(new URL('../../../../../shared/upstream', import.meta.url));

/** `ticker=price` and perhaps `@seconds` for each quote, `ticker: drift` for one that cannot be read; or a kind. */
export type RecordedOutcome = SourceErrorKind | readonly string[];

/** A recorded file, how it is answered, and what must come of it. */
export interface RecordedAnswer {
  /** Below the folder of recorded answers: `coincap/v3_assets.json`. */
  readonly file: string;
  /** Default: what the headers beside the file say, else 200. */
  readonly status?: number;
  /** Tickers, by their default names: `btc_usd eth_usd`. */
  readonly tickers: string;
  /** Default: known by the body's shape. */
  readonly endpoint?: string;
  readonly outcome: RecordedOutcome;
}

/** What other services answered, any source may meet it: what comes of each file. Every file of the folder is named. */
const ANSWERS_OF_OTHERS: Readonly<Record<string, RecordedOutcome>> = {
  '200_html_spa_page_instead_of_json.html': 'malformed',
  '200_json_sent_as_text_html.json': 'drift',
  '301_empty_body.txt': 'malformed',
  '301_html_to_plain_http.html': 'malformed',
  '400_google_api_key_not_valid.json': 'drift',
  '401_alchemy_invalid_key.txt': 'unauthorized',
  '404_cryptocompare_no_data_before_first_trade.json': 'not_found',
  '404_empty_body.txt': 'not_found',
  '404_nginx_behind_cloudflare.html': 'not_found',
  '408_text_plain.txt': 'timeout',
  '500_routescan.json': 'unavailable',
  '500_textplain_with_full_ticker_json.json': 'unavailable',
  '503_nginx_html.html': 'unavailable',
};

/** A recorded file that is the source's own list of names. */
export interface RecordedList {
  readonly file: string;
  /** How many pairs it has. */
  readonly pairs: number;
  /** Of one entry: every name by which the source can be asked for it. None of them may count as not listed. */
  readonly namesOf: (key: string, entry: Readonly<Record<string, unknown>>) => readonly string[];
  /** Names that are in no list, and count as not listed. */
  readonly unlisted: readonly string[];
}

/** What a source is held against. */
export interface RecordedContract {
  /** `TIDEMARK_UPSTREAM`: where the recorded answers are when not beside the repository. */
  readonly upstream: string | undefined;
  /** Called when they are not there, so that nobody takes that for a success. */
  readonly tell: (message: string) => void;
  readonly source: Source;
  /** The source's own list, as it was recorded. */
  readonly lists?: readonly RecordedList[];
  /** Every file in the folder of the source has to be named. */
  readonly answers: readonly RecordedAnswer[];
  /** What comes of {@link ANSWERS_OF_OTHERS} where this source reads one in its own way, by file, for every endpoint alike. */
  readonly ofOthers?: Readonly<Record<string, RecordedOutcome>>;
  /** What those of other services are asked for. */
  readonly tickers: string;
}

/** Holds a source against the recorded answers, as the command line reads them: by default names, and without a network. */
export function describeRecordedAnswers(contract: RecordedContract): void {
  const folder = join(contract.upstream ?? BESIDE, 'recorded');
  if (existsSync(folder)) describeFolder(folder, contract);
  else {
    it(`could not be held against the recorded answers: there is no such folder (${contract.source.name})`, () => {
      contract.tell(
        `NOT RUN: the recorded answers, for there is no folder ${folder} (TIDEMARK_UPSTREAM names another).`,
      );
      expect(existsSync(folder)).toBe(false);
    });
  }
}

function describeFolder(folder: string, { source, answers, lists = [], ofOthers, tickers }: RecordedContract): void {
  for (const list of lists) {
    it(`the recorded list ${list.file} has what ${source.name} can be asked for, by whatever name`, () => {
      const json = readJson(source.name, readFileSync(join(folder, list.file), 'utf8'));
      const listed = new Set(source.names?.parse(new AnswerReader(source.name, json)).map(({ name }) => name));
      const isLacking = (name: string): boolean => (source.names?.covers?.(name) ?? true) && !listed.has(name);
      const entries = Object.entries(z.object({ result: z.record(z.string(), wireObject) }).parse(json).result);
      expect(entries).toHaveLength(list.pairs);
      expect(entries.flatMap(([key, entry]) => list.namesOf(key, entry)).filter(isLacking)).toEqual([]);
      expect(list.unlisted.filter(isLacking)).toEqual(list.unlisted);
    });
  }

  describe(`recorded answers and ${source.name}`, () => {
    it.each(answers.map((answer) => ({ ...answer, label: labelOf(answer) })))(
      'come out as they should: $label',
      (answer) => {
        expect(outcomeOf(folder, source, answer)).toEqual(answer.outcome);
      },
    );

    it('names every recorded answer of the source', () => {
      const named = new Set(answers.map(({ file }) => file));
      expect([...named].sort()).toEqual(filesOf(folder, source.name));
    });

    it.each(source.endpoints.map(({ name }) => name))('of other services come out as they should at %s', (endpoint) => {
      const files = filesOf(folder, '_http_errors');
      const outcomes = files.map((file) => [basename(file), outcomeOf(folder, source, { file, tickers, endpoint })]);
      expect(Object.fromEntries(outcomes)).toEqual({ ...ANSWERS_OF_OTHERS, ...ofOthers });
    });

    it('of any other source give no price, and no error that is not of ours', () => {
      const others = readdirSync(folder).filter((name) => name !== source.name && !name.includes('.'));
      const files = others.flatMap((name) => filesOf(folder, name));
      expect(files.length).toBeGreaterThan(50);
      for (const file of files) {
        for (const endpoint of [undefined, ...source.endpoints.map(({ name }) => name)]) {
          const outcome = outcomeOf(folder, source, { file, status: 200, tickers, endpoint });
          const isError = typeof outcome === 'string' && SOURCE_ERROR_KINDS.includes(outcome);
          expect({ file, endpoint, outcome: isError ? [] : outcome }).toEqual({ file, endpoint, outcome: [] });
        }
      }
    });
  });
}

function labelOf({ file, status, endpoint, tickers }: RecordedAnswer): string {
  return `${file} with ${status ?? 'its own status'} for ${tickers}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}

function outcomeOf(
  folder: string,
  source: Source,
  answer: Omit<RecordedAnswer, 'outcome' | 'endpoint'> & { endpoint?: string | undefined },
): RecordedOutcome {
  const { status, headers } = headOf(folder, answer.file);
  const body = readFileSync(join(folder, answer.file), 'utf8');
  const response = { status: answer.status ?? status, headers, body };
  const options = { endpoint: answer.endpoint, nowMs: 0 };
  try {
    return readAnswer(source, askedFor(source, answer.tickers), response, options).readings.map(written);
  } catch (error) {
    // A cause of another kind is a fault in a source file, which must not pass for drift.
    const isOurs = error instanceof SourceError && (error.cause === undefined || error.cause instanceof SourceError);
    if (isOurs) return error.kind;
    throw error;
  }
}

function filesOf(folder: string, of: string): string[] {
  const entries = readdirSync(join(folder, of), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => `${of}/${entry.name}`)
    .sort();
}

function headOf(folder: string, file: string): { status: number; headers: Record<string, string> } {
  const [of = '', name = ''] = file.split('/');
  const path = join(folder, of, 'headers', `${basename(name, extname(name))}.headers.json`);
  if (!existsSync(path)) return { status: 200, headers: {} };
  const head = JSON.parse(readFileSync(path, 'utf8')) as { status: number; headers: Record<string, unknown> };
  // A header that came more than once was recorded as a list.
  const headers = Object.entries(head.headers).map(([key, value]) => [key.toLowerCase(), [value].flat().join(', ')]);
  return { status: head.status, headers: Object.fromEntries(headers) as Record<string, string> };
}

function askedFor(source: Source, tickers: string): RequestedTicker[] {
  return tickers.split(' ').map((ticker) => {
    const parts = parseTicker(ticker);
    const sourceSymbol = parts && source.defaultSymbol(parts);
    if (sourceSymbol === undefined) throw new Error(`${source.name} has no default name for ${ticker}.`);
    return { ticker, sourceSymbol };
  });
}

function written(reading: SourceReading): string {
  if (!isQuote(reading)) return `${reading.ticker}: ${reading.rejected}`;
  const { ticker, price, sourceTime } = reading;
  return `${ticker}=${price}${sourceTime === undefined ? '' : `@${sourceTime.getTime() / 1000}`}`;
}
