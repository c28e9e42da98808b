import type pg from 'pg';
import type { FetchKey } from './fetch.repository.js';
import { storableText } from '../database/storable-text.js';

/** What was asked in a call and how it was answered, without secrets; the body is a payload of its own. */
export interface AnsweredCall {
  readonly url: string;
  readonly endpoint: string;
  /** Those that matter, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** What read the answer. */
  readonly parserVersion: string;
  readonly payloadSha256: Buffer;
}

/** A call of a fetch beside the one that its row tells of: it failed and was followed by another, or was for some of the tickers. */
export interface EarlierCall extends FetchKey {
  /** From 1. */
  readonly attempt: number;
  readonly requestedAt?: Date | undefined;
  readonly receivedAt?: Date | undefined;
  readonly httpStatus?: number | undefined;
  readonly latencyMs?: number | undefined;
  /** Undefined when it was answered. */
  readonly errorKind?: string | undefined;
  readonly errorMessage?: string | undefined;
  /** Undefined when no answer came. */
  readonly call?: AnsweredCall | undefined;
}

/** Keeps what the fetch's own row has no place for: its other calls. */
export class AttemptRepository {
  constructor(private readonly pool: pg.Pool) {}

  /** Records attempts; one that is there already stays as it is. */
  async record(attempts: readonly EarlierCall[]): Promise<void> {
    if (attempts.length === 0) return;
    await this.pool.query({
      name: 'record-attempts',
      text: `INSERT INTO fetch_attempts (source_id, batch, slot, attempt, requested_at, received_at, http_status, latency_ms,
               error_kind, error_message, endpoint, url, headers, parser_version, payload_sha256)
             SELECT * FROM unnest($1::smallint[], $2::text[], $3::bigint[], $4::smallint[], $5::timestamptz[], $6::timestamptz[],
               $7::smallint[], $8::int[], $9::text[], $10::text[], $11::text[], $12::text[], $13::jsonb[], $14::text[], $15::bytea[])
             ON CONFLICT DO NOTHING`,
      values: [
        attempts.map(({ sourceId }) => sourceId),
        attempts.map(({ batch }) => batch),
        attempts.map(({ slot }) => slot),
        attempts.map(({ attempt }) => attempt),
        attempts.map(({ requestedAt }) => requestedAt),
        attempts.map(({ receivedAt }) => receivedAt),
        attempts.map(({ httpStatus }) => httpStatus),
        attempts.map(({ latencyMs }) => latencyMs),
        attempts.map(({ errorKind }) => errorKind),
        attempts.map(({ errorMessage }) => storableText(errorMessage)),
        attempts.map(({ call }) => call?.endpoint),
        attempts.map(({ call }) => storableText(call?.url)),
        attempts.map(({ call }) => storableHeaders(call)),
        attempts.map(({ call }) => call?.parserVersion),
        attempts.map(({ call }) => call?.payloadSha256),
      ],
    });
  }
}

/** The headers of a call as JSON text that Postgres takes; undefined without a call. */
export function storableHeaders(call: AnsweredCall | undefined): string | undefined {
  if (call === undefined) return undefined;
  const headers = Object.entries(call.headers).map(([name, value]) => [name, storableText(value)]);
  return JSON.stringify(Object.fromEntries(headers));
}
