import type { IncomingMessage, ServerResponse } from 'node:http';
import { deliverAnswer, sortFaults, type MetFaults } from '../faults/deliver-answer.js';
import type { FaultStore } from '../faults/fault-store.js';
import type { PriceBook } from '../market/price-book.js';
import { PriceWriter } from '../sources/price-writer.js';
import { routeOf, type RoutedCall } from '../sources/route-call.js';
import type { SimulatedSource } from '../sources/simulated-source.js';
import type { SourceAnswer } from '../sources/source-answer.js';
import type { CallLog } from './call-log.js';
import type { CallRates } from './call-rates.js';

/** Clock in milliseconds since 1970; tests move it. */
export type Clock = () => number;

/** A reply of the web framework whose connection is handed over. */
export interface HandedReply {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

/** What answering takes. */
export interface SourceCallsOptions {
  readonly log: CallLog;
  readonly rates: CallRates;
  readonly faults: FaultStore;
  readonly prices: PriceBook;
  readonly now: Clock;
  /** How many made-up assets are switched on. */
  readonly syntheticCount: number;
}

/** Where every call to a simulated source passes: it is logged and counted, meets the active faults, and is answered. */
export class SourceCalls {
  constructor(private readonly options: SourceCallsOptions) {}

  /** Answers a call; returns when it is over. */
  async take(source: SimulatedSource, message: IncomingMessage, reply: HandedReply): Promise<void> {
    // Faults need the bare connection: to drip bytes, to announce more than is sent, to cut it.
    reply.hijack();
    const { log, rates, now } = this.options;
    const receivedMs = now();
    const routed = routeOf(source, message);
    const { names, all = false, weight = 1 } = routed.asked;
    const usedWeight = rates.arrived(source.name, receivedMs, weight);
    const call = log.arrived({
      source: source.name,
      endpoint: routed.request.path.slice(0, 200),
      names,
      tickers: routed.tickers,
      received_at: receivedMs / 1000,
      second: Math.floor(receivedMs / 1000),
      remote_port: message.socket.remotePort ?? null,
    });
    const met = this.options.faults.meet({ source: source.name, names, all, endpoint: routed.request.path });
    const faults = sortFaults(met);
    if (faults.kind !== null) log.faulted(call, faults.kind);
    const writer = this.writerFor(source, receivedMs, usedWeight, faults);
    try {
      await deliverAnswer(reply.raw, faults, {
        right: () => dated(this.rightAnswer(routed, source, writer), writer, faults),
        failing: (status) => dated(source.failing(status, routed.request, writer), writer, faults),
        sending: (status, holdsPrices) => {
          const prices = holdsPrices && Object.keys(writer.written).length > 0 ? writer.written : null;
          log.answered(call, status, prices);
        },
        now,
      });
    } catch (error) {
      // Nobody else answers a connection that was handed over: without this the caller would wait for ever.
      reply.raw.destroy();
      throw error;
    }
  }

  private writerFor(source: SimulatedSource, nowMs: number, usedWeight: number, faults: MetFaults): PriceWriter {
    const startedMs = performance.now();
    return new PriceWriter({
      source: source.name,
      prices: this.options.prices,
      syntheticCount: this.options.syntheticCount,
      nowMs,
      elapsedMicroseconds: () => Math.ceil((performance.now() - startedMs) * 1000),
      usedWeight,
      delisted: this.options.faults.delisted(source.name),
      faults: faults.writing,
    });
  }

  private rightAnswer({ route, request }: RoutedCall, source: SimulatedSource, writer: PriceWriter): SourceAnswer {
    return route === undefined ? source.unknown(request, writer) : route.answer(request, writer);
  }
}

/** The answer with its `Date`; with that of then and its `Age` when it comes from a cache. */
function dated(answer: SourceAnswer, writer: PriceWriter, faults: MetFaults): SourceAnswer {
  const cached = faults.writing.some(({ fault }) => fault.kind === 'frozen' && fault.cached === true);
  const date = new Date(cached ? writer.clockMs : writer.nowMs).toUTCString();
  const age = Math.max(0, Math.floor((writer.nowMs - writer.clockMs) / 1000));
  return { ...answer, headers: { ...answer.headers, date, ...(cached && { age: String(age) }) } };
}
