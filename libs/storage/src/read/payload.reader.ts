import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { PAYLOAD_BODIES } from './explain-statements.js';
import type { Reader } from './read-database.js';

/** A body as it is stored. */
export interface StoredBody {
  readonly sha256: string;
  readonly body: Buffer;
  readonly encoding: 'gzip' | 'identity';
  /** Length as it came. */
  readonly bytes: number;
}

/** The longest body that a client of the sources takes is a small part of this, in bytes. */
const MAX_BODY_BYTES = 256 * 1024 * 1024;

const unzipped = promisify(gunzip);

/** Reads the bodies of answers. */
export class PayloadReader {
  constructor(private readonly database: Reader) {}

  /** The body with a SHA-256, in hexadecimal digits, as it came; undefined when it was not kept or is past its retention. */
  async find(sha256: string): Promise<Buffer | undefined> {
    const bodies = await readBodies(this.database, [sha256], MAX_BODY_BYTES);
    return bodies.get(sha256);
  }
}

/** The bodies that are there and no longer than so many bytes, by their SHA-256. */
export async function readBodies(
  database: Reader,
  sha256s: readonly string[],
  maxBytes: number,
): Promise<Map<string, Buffer>> {
  if (sha256s.length === 0) return new Map();
  const keys = [...new Set(sha256s)].map((sha256) => Buffer.from(sha256, 'hex'));
  const rows = await database.rows<StoredBody>(PAYLOAD_BODIES, [keys, maxBytes]);
  return new Map(await Promise.all(rows.map(async (row) => [row.sha256, await unpack(row)] as const)));
}

/** A body as it came. */
export async function unpack({ body, encoding, bytes }: Omit<StoredBody, 'sha256'>): Promise<Buffer> {
  // Never longer than it was, whatever the compressed form says.
  return encoding === 'gzip' ? unzipped(body, { maxOutputLength: Math.max(bytes, 1) }) : body;
}
