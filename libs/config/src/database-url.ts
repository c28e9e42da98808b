import { SSL_MODES, tlsFault, whyNoAuthority, withTls } from './database-tls.js';

/** The parts of the environment that say where the database is. */
export interface DatabaseLocation {
  readonly DATABASE_URL?: string | undefined;
  readonly POSTGRES_HOST: string;
  readonly POSTGRES_PORT: number;
  readonly POSTGRES_USER: string;
  readonly POSTGRES_PASSWORD?: string | undefined;
  readonly POSTGRES_DB: string;
  readonly POSTGRES_SSLMODE?: string | undefined;
  readonly POSTGRES_SSLROOTCERT?: string | undefined;
}

/** The role that the API reads as. */
export interface ReaderCredentials {
  readonly API_DATABASE_URL?: string | undefined;
  readonly API_DATABASE_USER: string;
  readonly API_DATABASE_PASSWORD?: string | undefined;
}

/** The variables that say of TLS what `sslmode` and `sslrootcert` say in an address. */
const TLS_PARTS = 'POSTGRES_SSLMODE or POSTGRES_SSLROOTCERT';

/** What is wrong with the variables of TLS taken together; undefined when nothing is, or when DATABASE_URL counts instead. */
export function partsTlsFault(given: Readonly<Record<string, string | undefined>>): string | undefined {
  const { DATABASE_URL: url, POSTGRES_SSLMODE: mode, POSTGRES_SSLROOTCERT: rootFile } = given;
  // A mode that is none is reported by its own schema.
  if (url !== undefined || (mode !== undefined && !(SSL_MODES as readonly string[]).includes(mode))) return undefined;
  const fault = tlsFault(mode, rootFile);
  return fault === undefined ? undefined : `${TLS_PARTS}: ${fault}`;
}

/** What is wrong with the authority of the queue store; undefined when nothing is. */
export function queueTlsFault(given: Readonly<Record<string, string | undefined>>): string | undefined {
  const { QUEUE_URL: url, QUEUE_TLS_CA_FILE: file } = given;
  if (file === undefined) return undefined;
  if (url?.startsWith('rediss:') !== true) {
    return 'QUEUE_TLS_CA_FILE is for a Redis at rediss://, and QUEUE_URL is not one: it would protect nothing.';
  }
  const fault = whyNoAuthority(file, 'QUEUE_TLS_CA_FILE');
  return fault === undefined ? undefined : `QUEUE_TLS_CA_FILE: ${fault}`;
}

/** Address of the database as its owner. @throws Error when what it says of TLS cannot be. */
export function databaseUrl(location: DatabaseLocation): string {
  if (location.DATABASE_URL !== undefined) return withTls(location.DATABASE_URL, 'DATABASE_URL');
  const { POSTGRES_HOST: host, POSTGRES_PORT: port, POSTGRES_DB: database } = location;
  // An address writes an IPv6 host in brackets, a variable mostly does not.
  const urlHost = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const url = new URL(`postgres://${urlHost}:${port}/${encodeURI(database)}`);
  url.username = encodeURIComponent(location.POSTGRES_USER);
  url.password = encodeURIComponent(location.POSTGRES_PASSWORD ?? '');
  if (location.POSTGRES_SSLMODE !== undefined) url.searchParams.set('sslmode', location.POSTGRES_SSLMODE);
  if (location.POSTGRES_SSLROOTCERT !== undefined) url.searchParams.set('sslrootcert', location.POSTGRES_SSLROOTCERT);
  return withTls(url.href, TLS_PARTS);
}

/** Address of the database as the role that may only read. @throws Error when what it says of TLS cannot be. */
export function readerDatabaseUrl(location: DatabaseLocation & ReaderCredentials): string {
  if (location.API_DATABASE_URL !== undefined) return withTls(location.API_DATABASE_URL, 'API_DATABASE_URL');
  const url = new URL(databaseUrl(location));
  const { API_DATABASE_USER: user, API_DATABASE_PASSWORD: password = '' } = location;
  // The driver lets the options of an address win over its user, so that the owner's must not stay there.
  url.searchParams.delete('user');
  url.searchParams.delete('password');
  if (url.hostname === '') {
    // An address without a host (a socket folder) has no place for a user but its options.
    url.searchParams.set('user', user);
    url.searchParams.set('password', password);
    return url.href;
  }
  url.username = encodeURIComponent(user);
  url.password = encodeURIComponent(password);
  return url.href;
}

/** Where the queue store is: an address of its own, or the database's. */
export interface QueueLocation {
  readonly QUEUE_URL?: string | undefined;
  readonly QUEUE_TLS_CA_FILE?: string | undefined;
}

/**
 * The queue store: its address, and the file of the authority that vouches for a Redis.
 * @throws Error when what it says of TLS cannot be.
 */
export function queueLocation(settings: DatabaseLocation & QueueLocation): { url: string; caFile: string | undefined } {
  const { QUEUE_URL: url, QUEUE_TLS_CA_FILE: caFile } = settings;
  if (url === undefined) return { url: databaseUrl(settings), caFile: undefined };
  return { url: /^rediss?:/.test(url) ? url : withTls(url, 'QUEUE_URL'), caFile };
}
