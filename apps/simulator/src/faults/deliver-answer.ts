import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { SourceAnswer } from '../sources/source-answer.js';
import { writingOf, type ActiveFault } from './fault-store.js';
import { isSpoiler, type FaultKind, type Spoiler, type WritingFault } from './fault.js';
import { wait } from './wait.js';

/** What a call meets: pauses first, then at most one fault that spoils the delivery, and all that change what is written. */
export interface MetFaults {
  readonly delays: readonly { readonly delayMs: number; readonly ended: AbortSignal }[];
  readonly spoiler: { readonly fault: Spoiler; readonly ended: AbortSignal } | undefined;
  readonly writing: readonly WritingFault[];
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
  sending(status: number, holdsPrices: boolean): void;
  /** Clock in milliseconds since 1970. */
  now(): number;
}

const DEFAULT_PAUSE_MS = 1_000;
const DEFAULT_HUGE_BYTES = 100 * 1024 * 1024;
const HUGE_CHUNK = Buffer.alloc(65_536, 'x');
const DEFAULT_WRONG_BODY = '<!DOCTYPE html>\n<html><head><title>Just a moment...</title></head><body></body></html>\n';

/** Sorts the faults of a call, newest first: every delay and every change counts, and the newest spoiler decides. */
export function sortFaults(met: readonly ActiveFault[]): MetFaults {
  const delays = met.flatMap(({ fault, ended }) =>
    fault.kind === 'delay' ? [{ delayMs: fault.delay_ms, ended }] : [],
  );
  const [spoiler] = met.flatMap(({ fault, ended }) => (isSpoiler(fault) ? [{ fault, ended }] : []));
  const writing = met.flatMap((entry) => writingOf(entry));
  const kind = spoiler?.fault.kind ?? writing[0]?.fault.kind ?? (delays.length > 0 ? 'delay' : null);
  return { delays, spoiler, writing, kind };
}

/** Answers a call under its faults. Returns when the call is over, however it ended, and holds nothing afterwards. */
export async function deliverAnswer(response: ServerResponse, faults: MetFaults, maker: AnswerMaker): Promise<void> {
  const left = new AbortController();
  response.once('close', () => left.abort());
  for (const { delayMs, ended } of faults.delays) await wait(delayMs, [ended, left.signal]);
  if (left.signal.aborted || response.destroyed) return;
  if (faults.spoiler === undefined) return sendWhole(response, maker.right(), maker, true);

  const { fault, ended } = faults.spoiler;
  switch (fault.kind) {
    case 'hang':
      await wait(undefined, [ended, left.signal]);
      response.destroy();
      return;
    case 'status': {
      const answer = maker.failing(fault.status);
      const headers: Record<string, string> = { ...answer.headers };
      if (fault.retry_after !== undefined) headers['retry-after'] = retryAfterText(fault, maker.now());
      return sendWhole(response, { status: fault.status, headers, body: fault.body ?? answer.body }, maker, false);
    }
    case 'wrong_body': {
      const body = fault.body ?? DEFAULT_WRONG_BODY;
      const type = isJson(body) ? 'application/json' : 'text/html; charset=utf-8';
      return sendWhole(response, { status: 200, headers: { 'content-type': type }, body }, maker, false);
    }
    case 'empty_body':
      return sendWhole(response, { ...maker.right(), status: 200, body: '' }, maker, false);
    case 'truncated_json': {
      const { headers, body } = maker.right();
      return sendWhole(
        response,
        { status: 200, headers, body: body.slice(0, Math.floor(body.length / 2)) },
        maker,
        true,
      );
    }
    case 'slow_body':
      return sendSlowly(response, maker, fault.delay_ms ?? DEFAULT_PAUSE_MS, { ended, left: left.signal });
    case 'huge_body':
      return sendHuge(response, maker, fault, [ended, left.signal]);
    case 'truncated':
      return sendHalf(response, maker);
  }
}

function retryAfterText(
  { retry_after: after, retry_after_as: as }: Spoiler & { kind: 'status' },
  nowMs: number,
): string {
  if (typeof after !== 'number' || as !== 'date') return String(after);
  return new Date(nowMs + after * 1000).toUTCString();
}

function sendWhole(response: ServerResponse, answer: SourceAnswer, maker: AnswerMaker, holdsPrices: boolean): void {
  maker.sending(answer.status, holdsPrices);
  response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) });
  response.end(answer.body);
}

async function sendSlowly(
  response: ServerResponse,
  maker: AnswerMaker,
  pauseMs: number,
  { ended, left }: { readonly ended: AbortSignal; readonly left: AbortSignal },
): Promise<void> {
  const { status, headers, body: text } = maker.right();
  const body = Buffer.from(text);
  maker.sending(status, true);
  response.writeHead(status, { ...headers, 'content-length': body.length });
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

/** Sends no faster than the caller reads, so that a caller that has had enough costs nothing. */
async function sendHuge(
  response: ServerResponse,
  maker: AnswerMaker,
  fault: Spoiler & { kind: 'huge_body' },
  ends: readonly AbortSignal[],
): Promise<void> {
  const bytes = fault.bytes ?? DEFAULT_HUGE_BYTES;
  maker.sending(200, false);
  const length = fault.announced === true ? { 'content-length': bytes } : {};
  response.writeHead(200, { 'content-type': 'application/json', ...length });
  const over = new AbortController();
  for (const end of ends) end.addEventListener('abort', () => over.abort(), { signal: over.signal });
  let left = bytes;
  while (left > 0 && !ends.some((end) => end.aborted)) {
    const chunk = HUGE_CHUNK.subarray(0, Math.min(left, HUGE_CHUNK.length));
    left -= chunk.length;
    const first = left + chunk.length === bytes;
    const flowing = response.write(first ? Buffer.from(`"${chunk.toString('latin1').slice(1)}`) : chunk);
    if (!flowing) await once(response, 'drain', { signal: over.signal }).catch(() => undefined);
  }
  const cut = left > 0;
  over.abort();
  if (cut) response.destroy();
  else response.end();
}

function sendHalf(response: ServerResponse, maker: AnswerMaker): Promise<void> {
  const { status, headers, body: text } = maker.right();
  const body = Buffer.from(text);
  maker.sending(status, true);
  response.writeHead(status, { ...headers, 'content-length': body.length });
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
