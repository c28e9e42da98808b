import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type pg from 'pg';
import { inTransaction } from '../database/pool.js';

/** The body of an answer, to be kept. */
export interface Payload {
  /** SHA-256 of the body as UTF-8. */
  readonly sha256: Buffer;
  readonly body: string;
  /** Day on which it came, UTC: `2025-12-17`. */
  readonly day: string;
}

/** What became of the payloads of a day that were given to be kept. */
export interface KeptPayloads {
  readonly day: string;
  /** Different bodies that are new. */
  readonly kept: number;
  /** Bodies that were there already. */
  readonly known: number;
  /** Bodies beyond the cap of the day. */
  readonly refused: number;
  /** Whether these are the first of their day that were refused, in the whole fleet. */
  readonly isFirstRefusal: boolean;
}

/** A body as it is stored. */
interface PackedBody {
  readonly body: Buffer;
  readonly encoding: 'gzip' | 'identity';
  readonly bytes: number;
}

/** Shorter bodies are not compressed, in bytes: it would save next to nothing. */
const MIN_COMPRESSED_BYTES = 256;

const gzipped = promisify(gzip);

/** Keeps the raw answers of the sources, each different body once. */
export class PayloadRepository {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Keeps payloads, as many as the cap of their day leaves room for. Keeping the same twice changes nothing.
   * @param maxBytesPerDay how much may be stored a day, in bytes as compressed, over all workers.
   */
  async keep(payloads: readonly Payload[], maxBytesPerDay: number): Promise<KeptPayloads[]> {
    const outcomes: KeptPayloads[] = [];
    for (const [day, ofDay] of Map.groupBy(payloads, (payload) => payload.day)) {
      outcomes.push(await this.keepOfDay(day, ofDay, maxBytesPerDay));
    }
    return outcomes;
  }

  /**
   * Drops bodies that last came before a day, and the record of failed attempts before it; at most so many of each.
   * @returns how many bodies and attempts were dropped; less than `limit` when none is left.
   */
  async drop(beforeDay: string, limit: number): Promise<{ readonly payloads: number; readonly attempts: number }> {
    // A body that comes again at this moment is locked by whoever keeps it, and passed over.
    const payloads = await this.pool.query({
      name: 'drop-payloads',
      text: `DELETE FROM payloads WHERE sha256 IN (
               SELECT sha256 FROM payloads WHERE last_day < $1::date ORDER BY last_day LIMIT $2 FOR UPDATE SKIP LOCKED)
               AND last_day < $1::date`,
      values: [beforeDay, limit],
    });
    const attempts = await this.pool.query({
      name: 'drop-fetch-attempts',
      text: `DELETE FROM fetch_attempts WHERE (source_id, batch, slot, attempt) IN (
               SELECT source_id, batch, slot, attempt FROM fetch_attempts WHERE slot < $1 ORDER BY slot LIMIT $2
               FOR UPDATE SKIP LOCKED)`,
      values: [Date.parse(`${beforeDay}T00:00:00Z`) / 1000, limit],
    });
    await this.pool.query({
      name: 'mark-payload-days',
      text: `UPDATE payload_days SET dropped_at = clock_timestamp() WHERE day < $1::date AND dropped_at IS NULL`,
      values: [beforeDay],
    });
    return { payloads: payloads.rowCount ?? 0, attempts: attempts.rowCount ?? 0 };
  }

  private async keepOfDay(day: string, payloads: readonly Payload[], maxBytesPerDay: number): Promise<KeptPayloads> {
    const bodies = new Map(payloads.map(({ sha256, body }) => [sha256.toString('hex'), body]));
    // Compressed before the day is locked, and one by one: the threads that do it also look up the names of hosts.
    const packed = new Map<string, PackedBody>();
    for (const sha256 of await this.unknownOf([...bodies.keys()])) packed.set(sha256, await pack(bodies.get(sha256)));
    return inTransaction(this.pool, async (client) => {
      // What a crash of Postgres takes of the last moments is the body of an answer, never a price.
      await client.query('SET LOCAL synchronous_commit = off');
      const before = await lockDay(client, day);
      const known = new Set(await touch(client, [...bodies.keys()], day));
      const fitting: (PackedBody & { sha256: string })[] = [];
      let room = maxBytesPerDay - before.storedBytes;
      let refused = 0;
      for (const [sha256, body] of bodies) {
        if (known.has(sha256)) continue;
        // Known a moment ago, and past its retention: dropped between the two looks.
        const one = packed.get(sha256) ?? (await pack(body));
        if (one.body.byteLength > room) refused += 1;
        else {
          fitting.push({ ...one, sha256 });
          room -= one.body.byteLength;
        }
      }
      await insert(client, day, fitting);
      await addToDay(client, day, {
        storedBytes: maxBytesPerDay - before.storedBytes - room,
        kept: fitting.length,
        refused,
      });
      const isFirstRefusal = refused > 0 && before.refused === 0;
      return { day, kept: fitting.length, known: payloads.length - fitting.length - refused, refused, isFirstRefusal };
    });
  }

  private async unknownOf(sha256s: readonly string[]): Promise<string[]> {
    const found = await this.pool.query<{ sha256: string }>({
      name: 'known-payloads',
      text: `SELECT encode(sha256, 'hex') AS sha256 FROM payloads WHERE sha256 = ANY($1::bytea[])`,
      values: [asBytes(sha256s)],
    });
    const known = new Set(found.rows.map((row) => row.sha256));
    return sha256s.filter((sha256) => !known.has(sha256));
  }
}

/** Compresses a body, unless that makes it longer. */
async function pack(text = ''): Promise<PackedBody> {
  const body = Buffer.from(text);
  const bytes = body.byteLength;
  if (bytes < MIN_COMPRESSED_BYTES) return { body, encoding: 'identity', bytes };
  const smaller = await gzipped(body);
  return smaller.byteLength < bytes
    ? { body: smaller, encoding: 'gzip', bytes }
    : { body, encoding: 'identity', bytes };
}

/** Makes the day known and locks it, so that its cap holds over all workers. */
async function lockDay(client: pg.ClientBase, day: string): Promise<{ storedBytes: number; refused: number }> {
  const locked = await client.query<{ storedBytes: number; refused: number }>({
    name: 'lock-payload-day',
    text: `INSERT INTO payload_days (day) VALUES ($1::date) ON CONFLICT (day) DO UPDATE SET day = EXCLUDED.day
           RETURNING stored_bytes AS "storedBytes", refused`,
    values: [day],
  });
  return locked.rows[0] ?? { storedBytes: 0, refused: 0 };
}

/** Notes that bodies came on this day. @returns those that are there. */
async function touch(client: pg.ClientBase, sha256s: readonly string[], day: string): Promise<string[]> {
  const touched = await client.query<{ sha256: string }>({
    name: 'touch-payloads',
    text: `UPDATE payloads SET last_day = greatest(last_day, $2::date) WHERE sha256 = ANY($1::bytea[])
           RETURNING encode(sha256, 'hex') AS sha256`,
    values: [asBytes(sha256s), day],
  });
  return touched.rows.map((row) => row.sha256);
}

async function insert(
  client: pg.ClientBase,
  day: string,
  packed: readonly (PackedBody & { readonly sha256: string })[],
): Promise<void> {
  if (packed.length === 0) return;
  await client.query({
    name: 'insert-payloads',
    text: `INSERT INTO payloads (sha256, body, encoding, bytes, first_day, last_day)
           SELECT sha256, body, encoding, bytes, $5::date, $5::date
           FROM unnest($1::bytea[], $2::bytea[], $3::text[], $4::int[]) AS given(sha256, body, encoding, bytes) ORDER BY sha256
           ON CONFLICT (sha256) DO UPDATE SET last_day = greatest(payloads.last_day, EXCLUDED.last_day)`,
    values: [
      asBytes(packed.map(({ sha256 }) => sha256)),
      packed.map(({ body }) => body),
      packed.map(({ encoding }) => encoding),
      packed.map(({ bytes }) => bytes),
      day,
    ],
  });
}

async function addToDay(
  client: pg.ClientBase,
  day: string,
  added: { readonly storedBytes: number; readonly kept: number; readonly refused: number },
): Promise<void> {
  await client.query({
    name: 'add-to-payload-day',
    text: `UPDATE payload_days SET stored_bytes = stored_bytes + $2, kept = kept + $3, refused = refused + $4 WHERE day = $1::date`,
    values: [day, added.storedBytes, added.kept, added.refused],
  });
}

function asBytes(sha256s: readonly string[]): Buffer[] {
  return sha256s.map((sha256) => Buffer.from(sha256, 'hex'));
}
