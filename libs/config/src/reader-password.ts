import { createHmac } from 'node:crypto';
import { databaseUrl, type DatabaseLocation, type ReaderCredentials } from './database-url.js';

/**
 * The password of the role that the API reads as: the one that is given, else one that follows from the owner's user and password, so
 * that all who know only DATABASE_URL agree. With an address of its own (API_DATABASE_URL) the role has a password already, which nobody
 * may change: then undefined, unless one is given.
 * @throws Error when what the address says of TLS cannot be.
 */
export function readerPassword(settings: DatabaseLocation & ReaderCredentials): string | undefined {
  const { API_DATABASE_URL: url, API_DATABASE_PASSWORD: given } = settings;
  return given !== undefined || url !== undefined ? given : derivedPassword(databaseUrl(settings));
}

/** Whoever knows the owner's password may read anyway. An address may be written in several ways: it does not count. */
function derivedPassword(ownerUrl: string): string {
  const { username, password, searchParams } = new URL(ownerUrl);
  const owner = [
    searchParams.get('user') ?? decodeURIComponent(username),
    searchParams.get('password') ?? decodeURIComponent(password),
  ];
  return createHmac('sha256', JSON.stringify(owner)).update('the role that the API reads as').digest('base64url');
}
