import type { IncomingMessage, ServerResponse } from 'node:http';
import { deliverAnswer, sortFaults, type MetFaults } from '../faults/deliver-answer.js';
import type { FaultBoard } from '../faults/fault-board.js';
import type { PriceBook } from '../market/price-book.js';
import { PricePen } from '../sources/price-pen.js';
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
export interface CallParts {
  readonly log: CallLog;
  readonly rates: CallRates;
  readonly faults: FaultBoard;
  readonly prices: PriceBook;
  readonly now: Clock;
  /** How many made-up assets are switched on. */
  readonly syntheticCount: number;
}

/** Where every call to a simulated source passes: it is logged and counted, meets the active faults, and is answered. */
export class SourceCalls {
  constructor(private readonly parts: CallParts) {}

  /** Answers a call; returns when it is over. */
  async take(source: SimulatedSource, message: IncomingMessage, reply: HandedReply): Promise<void> {
    // Faults need the bare connection: to drip bytes, to announce more than is sent, to cut it.
    reply.hijack();
    const { log, rates, now } = this.parts;
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
    const met = this.parts.faults.meet({ source: source.name, names, all, endpoint: routed.request.path });
    const faults = sortFaults(met);
    if (faults.kind !== null) log.faulted(call, faults.kind);
    const pen = this.penFor(source, receivedMs, usedWeight, faults);
    try {
      await deliverAnswer(reply.raw, faults, {
        right: () => dated(this.rightAnswer(routed, source, pen), pen, faults),
        failing: (status) => dated(source.failing(status, routed.request, pen), pen, faults),
        sending: (status, holdsPrices) => {
          const prices = holdsPrices && Object.keys(pen.written).length > 0 ? pen.written : null;
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

  private penFor(source: SimulatedSource, nowMs: number, usedWeight: number, faults: MetFaults): PricePen {
    const startedMs = performance.now();
    return new PricePen({
      source: source.name,
      prices: this.parts.prices,
      syntheticCount: this.parts.syntheticCount,
      nowMs,
      elapsedMicroseconds: () => Math.ceil((performance.now() - startedMs) * 1000),
      usedWeight,
      faults: faults.writing,
    });
  }

  private rightAnswer({ route, request }: RoutedCall, source: SimulatedSource, pen: PricePen): SourceAnswer {
    return route === undefined ? source.unknown(request, pen) : route.answer(request, pen);
  }
}

/** The answer with its `Date`; with that of then and its `Age` when it comes from a cache. */
function dated(answer: SourceAnswer, pen: PricePen, faults: MetFaults): SourceAnswer {
  const cached = faults.writing.some(({ fault }) => fault.kind === 'frozen' && fault.cached === true);
  const date = new Date(cached ? pen.clockMs : pen.nowMs).toUTCString();
  const age = Math.max(0, Math.floor((pen.nowMs - pen.clockMs) / 1000));
  return { ...answer, headers: { ...answer.headers, date, ...(cached && { age: String(age) }) } };
}
