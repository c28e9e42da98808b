import type { ServerResponse } from 'node:http';
import { CallLog, type ArrivedCall } from './call-log.js';
import { deliverAnswer, sortFaults } from './deliver-answer.js';
import { FaultBoard } from './fault-board.js';
import type { SourceAnswer } from './source-answer.js';

/** Clock in milliseconds since 1970; tests move it. */
export type Clock = () => number;

/** A reply of the web framework whose connection is handed over. */
export interface HandedReply {
  readonly raw: ServerResponse;
  hijack(): unknown;
}

/** What was asked for. */
export type AskedCall = Pick<ArrivedCall, 'source' | 'endpoint' | 'names' | 'tickers'>;

/** How a source answers. */
export interface Answering {
  /** @param second the UNIX second in which the call arrived: its price is answered, also after a delay. */
  right(second: number): SourceAnswer;
  failing(status: number): SourceAnswer;
}

/** Where every call to a simulated source passes: it is logged, meets the active faults, and is answered. */
export class SourceCalls {
  constructor(
    private readonly log: CallLog,
    private readonly faults: FaultBoard,
    private readonly now: Clock,
  ) {}

  /** Answers a call; returns when it is over. */
  async take(reply: HandedReply, asked: AskedCall, answering: Answering): Promise<void> {
    // Faults need the bare connection: to drip bytes, to announce more than is sent, to cut it.
    reply.hijack();
    const receivedMs = this.now();
    const second = Math.floor(receivedMs / 1000);
    const remotePort = reply.raw.req.socket.remotePort ?? null;
    const call = this.log.arrived({ ...asked, received_at: receivedMs / 1000, second, remote_port: remotePort });
    const faults = sortFaults(this.faults.meet(asked.source, asked.names));
    if (faults.kind !== null) this.log.faulted(call, faults.kind);
    try {
      await deliverAnswer(reply.raw, faults, {
        right: () => answering.right(second),
        failing: (status) => answering.failing(status),
        sending: (answer) => this.log.answered(call, answer.status, answer.prices ?? null),
      });
    } catch (error) {
      // Nobody else answers a connection that was handed over: without this the caller would wait for ever.
      reply.raw.destroy();
      throw error;
    }
  }
}
