import {
  flagBits,
  flagNames,
  type JudgedReading,
  judgeReading,
  parseTicker,
  type PriceFlag,
  quotedPrice,
  type RejectionReason,
  type SourceErrorKind,
} from '@app/domain';
import {
  answerTimes,
  type DriftPolicy,
  type ReadAnswer,
  quotedInOf,
  readAnswer,
  type RequestedTicker,
  type Source,
  SourceError,
  type SourceResponse,
} from '@app/sources';
import { answerClock, headerClock } from './answer-clock.js';

/** What became of a body. Every ticker that was asked is in one of the three lists; in none when there is an error. */
export interface ParsedBody {
  readonly accepted: readonly AcceptedPrice[];
  readonly rejected: readonly RejectedPrice[];
  /** Tickers that the answer leaves out. */
  readonly missing: readonly string[];
  /** Why the answer as a whole gives nothing; null when it was read. */
  readonly error: BodyError | null;
}

/** A price that passed the checks. */
export interface AcceptedPrice {
  readonly ticker: string;
  /** A plain decimal with the digits of the wire, in the currency that the source quotes in; an inverted one is calculated to what is known. */
  readonly price: string;
  /** What the source says as the time of the price, ISO 8601; null where it says none. */
  readonly source_time: string | null;
  /** `derived`: inverted, and rounded to what is known; `mapped`: read from a field that had drifted. */
  readonly flags: readonly PriceFlag[];
}

/** A price that did not. */
export interface RejectedPrice {
  readonly ticker: string;
  readonly reason: RejectionReason;
  readonly detail: string;
}

/** Why there is none. */
export interface BodyError {
  readonly kind: SourceErrorKind;
  readonly retry_after_seconds: number | null;
  readonly message: string;
}

/** How a body is read. */
export interface ParseOptions {
  readonly source: Source;
  readonly tickers: readonly RequestedTicker[];
  readonly response: SourceResponse;
  /** Default: known by the body's shape. */
  readonly endpoint?: string | undefined;
  readonly driftPolicy?: DriftPolicy | undefined;
  /** When the answer is taken to have arrived, milliseconds since 1970; default: its own time where it has one. */
  readonly receivedAtMs?: number | undefined;
  /** The clock of this machine, for an answer without a time. */
  readonly nowMs: number;
}

/** Runs one answer through the source's parser and the checks, with no network and no database. Never throws. */
export function parseBody(options: ParseOptions): ParsedBody {
  const { source, tickers, response, endpoint, driftPolicy, nowMs } = options;
  const readAtMs = options.receivedAtMs ?? headerClock(response.headers) ?? nowMs;
  try {
    const answer = readAnswer(source, tickers, response, { endpoint, driftPolicy, nowMs: readAtMs });
    const receivedAtMs = options.receivedAtMs ?? answerClock(response.headers, answer.readings, nowMs);
    return judge(options, answer, receivedAtMs);
  } catch (error) {
    return describeFailure(error);
  }
}

/** What is said of an answer that gives nothing. */
export function describeFailure(error: unknown): ParsedBody {
  return { accepted: [], rejected: [], missing: [], error: describe(error) };
}

function judge({ source, tickers, response }: ParseOptions, answer: ReadAnswer, receivedAtMs: number): ParsedBody {
  const byTicker = new Map(answer.readings.map((reading) => [reading.ticker, reading]));
  const times = { receivedAt: new Date(receivedAtMs), ...answerTimes(response.headers, receivedAtMs) };
  const accepted: AcceptedPrice[] = [];
  const rejected: RejectedPrice[] = [];
  const missing: string[] = [];
  for (const { ticker, sourceSymbol } of tickers) {
    const parts = parseTicker(ticker);
    const quotedIn = parts === undefined ? undefined : quotedInOf(source, sourceSymbol, parts);
    const asked = { quote: parts?.quote ?? '', quotedIn };
    const judged = judgeReading(asked, byTicker.get(ticker), times, { stablecoinsAtPar: false });
    const price = priceOnTheWire(judged);
    if (judged.reason === 'absent') missing.push(ticker);
    else if (price !== undefined)
      accepted.push({
        ticker,
        price,
        source_time: judged.sourceTime?.toISOString() ?? null,
        flags: flagsOnTheWire(judged),
      });
    else rejected.push({ ticker, reason: judged.reason as RejectionReason, detail: judged.detail ?? '' });
  }
  return { accepted, rejected, missing, error: null };
}

/** The price in the currency that the source quotes in: whether that is the ticker's, and at what rate, is no matter of the answer. */
function priceOnTheWire({ price, reason, raw, isInverted = false }: JudgedReading): string | undefined {
  return reason === 'no_conversion_rate' && raw !== undefined ? quotedPrice({ raw, isInverted }) : price;
}

/** Its flags without those of a conversion. */
function flagsOnTheWire({ flags = 0, isInverted = false }: JudgedReading): PriceFlag[] {
  return flagNames(isInverted ? flags : flags & ~flagBits(['derived', 'at_par']));
}

function describe(error: unknown): BodyError {
  if (error instanceof SourceError) {
    const { kind, retryAfterSeconds, message } = error;
    return { kind, retry_after_seconds: retryAfterSeconds ?? null, message };
  }
  // A fault of ours in a check; the answer was not understood.
  const message = error instanceof Error ? error.message : String(error);
  return { kind: 'drift', retry_after_seconds: null, message: `the answer could not be read: ${message}` };
}
