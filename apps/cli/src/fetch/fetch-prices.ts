import {
  convertReading,
  distanceToTruePrice,
  flagNames,
  isAtPar,
  type JudgedReading,
  judgeReading,
  parseTicker,
  type PriceFlag,
  type Rate,
} from '@app/domain';
import {
  callCostOf,
  isolateSymbols,
  ListedSymbols,
  quotedInOf,
  type RequestedTicker,
  type Source,
  type SourceAnswer,
  type SourceClient,
  SourceError,
  type SymbolCall,
} from '@app/sources';
import type { AskedPrice } from './asked-price.js';
import { batchesOf } from './fetch-batches.js';

/** What one source gave for one ticker. */
export interface Attempt {
  readonly ticker: string;
  readonly source: string;
  /** `unasked`: the source has no symbol for the ticker. */
  readonly outcome: 'accepted' | 'rejected' | 'failed' | 'unasked';
  readonly reason?: string | undefined;
  readonly detail?: string | undefined;
  readonly sourceSymbol?: string | undefined;
  readonly price?: string | undefined;
  /** How far the true price may lie from it; undefined: half a unit of its last digit. */
  readonly uncertainty?: string | undefined;
  readonly raw?: string | undefined;
  /** The currency on the wire, where it is not that of the ticker. */
  readonly quotedIn?: string | undefined;
  readonly rate?: string | undefined;
  readonly rateTicker?: string | undefined;
  readonly flags?: readonly PriceFlag[] | undefined;
  readonly sourceTime?: Date | undefined;
  readonly requestedAt?: Date | undefined;
  readonly receivedAt?: Date | undefined;
  readonly latencyMs?: number | undefined;
  /** Of the answer; undefined when none came. */
  readonly httpStatus?: number | undefined;
}

/** How prices are fetched. */
export interface PriceFetchOptions {
  /** Whom to ask, in this order. */
  readonly sources: readonly Source[];
  /** Whom to ask for a rate, in this order. */
  readonly rateSources: readonly Source[];
  readonly client: Pick<SourceClient, 'fetch' | 'fetchNames'>;
  /** The clock, milliseconds since 1970. */
  readonly now: () => number;
  readonly timeoutMs: number;
  readonly stablecoinsAtPar: boolean;
  /** Waits until a call may be made, and counts it; false when the month has no credits left for it. Throws SourceError. */
  readonly take: (source: Source, cost: number) => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
  /** Told what is being done. */
  readonly say: (text: string) => void;
}

/** After these a source is not asked again in this run: it would say the same. */
const FINAL_KINDS = new Set(['rate_limited', 'unavailable', 'timeout', 'unauthorized', 'forbidden_region']);

/** Fetches prices now, once: what the first source does not give is asked of the next. */
export class PriceFetch {
  private readonly made: Attempt[] = [];
  private readonly rates = new Map<string, Promise<Rate | undefined>>();

  private readonly lists: ListedSymbols;

  constructor(private readonly options: PriceFetchOptions) {
    this.lists = new ListedSymbols(options);
  }

  /** Everything that was asked so far, rates too. */
  get attempts(): readonly Attempt[] {
    return this.made;
  }

  /** @returns one attempt for each ticker that got a price. */
  async run(asked: readonly AskedPrice[]): Promise<Attempt[]> {
    return this.ask(asked, this.options.sources);
  }

  private async ask(asked: readonly AskedPrice[], sources: readonly Source[]): Promise<Attempt[]> {
    const found = new Map<string, Attempt>();
    for (const source of sources) {
      const pending = asked.filter(({ parts }) => !found.has(parts.ticker));
      if (pending.length === 0) break;
      for (const attempt of await this.askSource(source, pending)) {
        this.made.push(attempt);
        if (attempt.outcome === 'accepted') found.set(attempt.ticker, attempt);
      }
    }
    return asked.flatMap(({ parts }) => found.get(parts.ticker) ?? []);
  }

  private async askSource(source: Source, pending: readonly AskedPrice[]): Promise<Attempt[]> {
    const named = pending.map(({ parts, names }) => ({
      ticker: parts.ticker,
      sourceSymbol: names.get(source.name) ?? source.defaultSymbol(parts),
    }));
    const attempts: Attempt[] = named
      .filter(({ sourceSymbol }) => sourceSymbol === undefined)
      .map(({ ticker }) => ({
        ticker,
        source: source.name,
        outcome: 'unasked',
        reason: 'no_name',
        detail: `${source.title} has no name for it that is known here`,
      }));
    const requested = named.flatMap(({ ticker, sourceSymbol }) =>
      sourceSymbol === undefined ? [] : [{ ticker, sourceSymbol }],
    );
    let final: SourceError | undefined;
    for (const batch of batchesOf(source, requested)) {
      if (final !== undefined) {
        attempts.push(...batch.map((asked) => failedAttempt(source, asked, final as SourceError)));
        continue;
      }
      const asked = await this.askBatch(source, batch);
      attempts.push(...asked.attempts);
      if (asked.error !== undefined && FINAL_KINDS.has(asked.error.kind)) final = asked.error;
    }
    return attempts;
  }

  /** Asks for a batch, in one call unless a symbol of it is refused: that one is isolated, and costs the others nothing. */
  private async askBatch(
    source: Source,
    batch: readonly RequestedTicker[],
  ): Promise<{ readonly attempts: readonly Attempt[]; readonly error: SourceError | undefined }> {
    const { timeoutMs, signal, take } = this.options;
    let isSpent = false;
    const { answered, refused, open, failed } = await isolateSymbols<RequestedTicker, SourceAnswer>({
      groups: [{ members: batch, isSuspect: false }],
      ask: async (members) => {
        const call = await this.call(source, members);
        isSpent ||= call.kind === 'not_asked';
        return call;
      },
      // A symbol that was asked for alone is named as it is, whatever the list says.
      unlisted: async (symbols) =>
        symbols.length === 1 ? undefined : this.lists.unlisted(source, symbols, { timeoutMs, signal, take }),
    });
    const attempts: Attempt[] = [];
    for (const { members, answer } of answered) {
      for (const asked of members) attempts.push(await this.judge(source, asked, answer));
    }
    for (const { symbol, members, error } of refused) {
      const detail = batch.length === 1 ? error.detail : `${source.title} refuses ${symbol} (${error.detail})`;
      attempts.push(...members.map((asked) => ({ ...failedAttempt(source, asked, error), detail })));
    }
    const failure = failed.at(-1);
    for (const { members, error } of failed)
      attempts.push(...members.map((asked) => failedAttempt(source, asked, error)));
    const unknown = new SourceError('not_found', source.name, 'refuses a symbol of this call, and which was not found');
    for (const asked of open.flatMap(({ members }) => members)) {
      attempts.push(isSpent ? withoutCredits(source, asked) : failedAttempt(source, asked, failure?.error ?? unknown));
    }
    const order = new Map(batch.map(({ ticker }, place) => [ticker, place]));
    attempts.sort((left, right) => (order.get(left.ticker) ?? 0) - (order.get(right.ticker) ?? 0));
    return { attempts, error: failure?.error };
  }

  private async call(source: Source, members: readonly RequestedTicker[]): Promise<SymbolCall<SourceAnswer>> {
    const { client, timeoutMs, signal, say, take } = this.options;
    try {
      if (!(await take(source, callCostOf(source, members)))) return { kind: 'not_asked' };
      say(`asking ${source.name} for ${members.length === 1 ? members[0]?.ticker : `${members.length} tickers`}`);
      return { kind: 'answered', answer: await client.fetch(source, members, { timeoutMs, signal }) };
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof SourceError)) throw error;
      return { kind: error.kind === 'not_found' ? 'refused' : 'failed', error };
    }
  }

  private async judge(source: Source, asked: RequestedTicker, answer: SourceAnswer): Promise<Attempt> {
    const { requestedAt, receivedAt, latencyMs, httpStatus } = answer;
    const made = { ...asked, source: source.name, requestedAt, receivedAt, latencyMs, httpStatus };
    const reading = answer.readings.find(({ ticker }) => ticker === asked.ticker);
    const quotedIn = otherCurrencyOf(source, asked);
    const { stablecoinsAtPar } = this.options;
    const judged = judgeReading({ quote: quoteOf(asked), quotedIn }, reading, answer, { stablecoinsAtPar });
    const converted = judged.reason === 'no_conversion_rate' ? await this.convert(judged) : judged;
    const { outcome, reason, detail, price, raw, rate, rateTicker, sourceTime, flags = 0 } = converted;
    return {
      ...{ ...made, quotedIn, reason, price, raw, rate, rateTicker, sourceTime, flags: flagNames(flags) },
      uncertainty: uncertaintyOf(converted),
      outcome: outcome === 'missed' ? 'failed' : outcome,
      detail: reason === 'absent' ? 'the answer leaves it out' : detail,
    };
  }

  private async convert(judged: JudgedReading): Promise<JudgedReading> {
    const { rateTicker = '' } = judged;
    const rate = await this.rateOf(rateTicker);
    if (rate !== undefined) return convertReading(judged, rate);
    return { ...judged, detail: `quoted in ${parseTicker(rateTicker)?.base}, and no source gave ${rateTicker}` };
  }

  private rateOf(ticker: string): Promise<Rate | undefined> {
    let rate = this.rates.get(ticker);
    if (rate === undefined) {
      rate = this.fetchRate(ticker);
      this.rates.set(ticker, rate);
    }
    return rate;
  }

  /** A rate is a price like any other, of a source that has it in the very currency: it is never converted itself. */
  private async fetchRate(ticker: string): Promise<Rate | undefined> {
    const parts = parseTicker(ticker);
    if (parts === undefined) return undefined;
    const direct = this.options.rateSources.filter((source) => {
      const sourceSymbol = source.defaultSymbol(parts);
      return sourceSymbol !== undefined && quotedInOf(source, sourceSymbol, parts) === undefined;
    });
    const [found] = await this.ask([{ parts, names: new Map() }], direct);
    return found?.price === undefined ? undefined : { price: found.price, uncertainty: found.uncertainty };
  }
}

function uncertaintyOf({ price, raw, isInverted = false, flags = 0, ...ofRate }: JudgedReading): string | undefined {
  if (price === undefined || raw === undefined) return undefined;
  return distanceToTruePrice(price, { raw, isInverted, isAtPar: isAtPar(flags), ...ofRate });
}

function failedAttempt(source: Source, asked: RequestedTicker, error: SourceError): Attempt {
  const { kind: reason, detail, requestedAt, receivedAt, httpStatus } = error;
  return { ...asked, source: source.name, outcome: 'failed', reason, detail, requestedAt, receivedAt, httpStatus };
}

function withoutCredits(source: Source, asked: RequestedTicker): Attempt {
  const detail = `the credits of ${source.title} for this month are spent`;
  return { ...asked, source: source.name, outcome: 'failed', reason: 'no_credits', detail };
}

function otherCurrencyOf(source: Source, { ticker, sourceSymbol }: RequestedTicker): string | undefined {
  const parts = parseTicker(ticker);
  return parts === undefined ? undefined : quotedInOf(source, sourceSymbol, parts);
}

function quoteOf({ ticker }: RequestedTicker): string {
  return parseTicker(ticker)?.quote ?? '';
}
