import { type Source, SourceError } from '../contract/index.js';

/** The network's own time-outs; everything else that goes wrong on the way is the source being unavailable. */
const TIMEOUT_CODES: ReadonlySet<string> = new Set(['ETIMEDOUT', 'ESOCKETTIMEDOUT']);

/**
 * What a failure on the way means: no connection, a reset, an answer that breaks HTTP or its compression.
 * The message names only the code, because the text may hold an address with a password in it.
 */
export function transportFailure(source: Source, error: unknown): SourceError {
  const code = codeOf(error) ?? 'no code';
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (TIMEOUT_CODES.has(code)) return new SourceError('timeout', source.name, `no connection (${code})`, { cause });
  // HPE_: the answer breaks HTTP. The others: its gzip, brotli or zstd is broken or cut off.
  if (/^(HPE_|Z_|ERR__|ZSTD_)/.test(code)) {
    return new SourceError('malformed', source.name, `unreadable answer (${code})`, { cause });
  }
  return new SourceError('unavailable', source.name, `connection failed (${code})`, { cause });
}

/** The innermost code: got's own only says in which of its steps something failed. */
function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const inner = 'cause' in error ? codeOf(error.cause) : undefined;
  if (inner !== undefined) return inner;
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
