import type { ServerResponse } from 'node:http';
import type { ActiveFault } from './fault-board.js';
import type { Fault, FaultKind } from './fault.js';
import type { SourceAnswer } from './source-answer.js';
import { wait } from './wait.js';

/** What a call meets: pauses first, then at most one fault that spoils the answer itself. */
export interface MetFaults {
  readonly delays: readonly { readonly delayMs: number; readonly ended: AbortSignal }[];
  readonly spoiler: { readonly fault: Exclude<Fault, { kind: 'delay' }>; readonly ended: AbortSignal } | undefined;
  /** What the log calls it. */
  readonly kind: FaultKind | null;
}

/** The parts of an answer that depend on the moment and on the source. */
export interface AnswerMaker {
  /** The right answer. */
  right(): SourceAnswer;
  /** What the source writes under a status of the fault. */
  failing(status: number): SourceAnswer;
  /** Told what goes out, before it goes out. */
  sending(answer: SourceAnswer): void;
}

const DEFAULT_PAUSE_MS = 1_000;
const DEFAULT_WRONG_BODY = '<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body></body></html>\n';

/** Sorts the faults of a call, newest first: every delay counts, and the newest of the others decides. */
export function sortFaults(met: readonly ActiveFault[]): MetFaults {
  const delays = met.flatMap(({ fault, ended }) =>
    fault.kind === 'delay' ? [{ delayMs: fault.delay_ms, ended }] : [],
  );
  const [spoiler] = met.flatMap(({ fault, ended }) => (fault.kind === 'delay' ? [] : [{ fault, ended }]));
  return { delays, spoiler, kind: spoiler?.fault.kind ?? (delays.length > 0 ? 'delay' : null) };
}

/** Answers a call under its faults. Returns when the call is over, however it ended, and holds nothing afterwards. */
export async function deliverAnswer(response: ServerResponse, faults: MetFaults, maker: AnswerMaker): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  for (const { delayMs, ended } of faults.delays) await wait(delayMs, [ended, left.signal]);
  if (left.signal.aborted || response.destroyed) return;
  if (faults.spoiler === undefined) return sendWhole(response, maker.right(), maker);

  const { fault, ended } = faults.spoiler;
  switch (fault.kind) {
    case 'hang':
      await wait(undefined, [ended, left.signal]);
      response.destroy();
      return;
    case 'status': {
      const answer = maker.failing(fault.status);
      const headers: Record<string, string> = { ...answer.headers };
      if (fault.retry_after !== undefined) headers['retry-after'] = String(fault.retry_after);
      return sendWhole(response, { status: fault.status, headers, body: fault.body ?? answer.body }, maker);
    }
    case 'wrong_body': {
      const body = fault.body ?? DEFAULT_WRONG_BODY;
      const type = isJson(body) ? 'application/json' : 'text/html; charset=utf-8';
      return sendWhole(response, { status: 200, headers: { 'content-type': type }, body }, maker);
    }
    case 'slow_body':
      return sendSlowly(response, maker, fault.delay_ms ?? DEFAULT_PAUSE_MS, ended, left.signal);
    case 'truncated':
      return sendHalf(response, maker);
  }
}

function sendWhole(response: ServerResponse, answer: SourceAnswer, maker: AnswerMaker): void {
  maker.sending(answer);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

async function sendSlowly(
  response: ServerResponse,
  maker: AnswerMaker,
  pauseMs: number,
  ended: AbortSignal,
  left: AbortSignal,
): Promise<void> {
  const answer = maker.right();
  const body = Buffer.from(answer.body);
  maker.sending(answer);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  response.flushHeaders();
  let sent = 0;
  while (sent < body.length && !ended.aborted) {
    await wait(pauseMs, [ended, left]);
    if (left.aborted) return;
    response.write(body.subarray(sent, sent + 1));
    sent += 1;
  }
  response.end(body.subarray(sent));
}

function sendHalf(response: ServerResponse, maker: AnswerMaker): Promise<void> {
  const answer = maker.right();
  const body = Buffer.from(answer.body);
  maker.sending(answer);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
  return new Promise((resolve) => {
    response.once('close', resolve);
    // What was written goes out first: a connection that is cut at once would lose it.
    response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.socket?.destroySoon());
  });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
