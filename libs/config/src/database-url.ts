/** The parts of the environment that say where the database is. */
export interface DatabaseLocation {
  readonly DATABASE_URL?: string | undefined;
  readonly POSTGRES_HOST: string;
  readonly POSTGRES_PORT: number;
  readonly POSTGRES_USER: string;
  readonly POSTGRES_PASSWORD?: string | undefined;
  readonly POSTGRES_DB: string;
}

/** The role that the API reads as. */
export interface ReaderCredentials {
  readonly API_DATABASE_URL?: string | undefined;
  readonly API_DATABASE_USER: string;
  readonly API_DATABASE_PASSWORD?: string | undefined;
}

/** Address of the database as its owner. */
export function databaseUrl(location: DatabaseLocation): string {
  if (location.DATABASE_URL !== undefined) return location.DATABASE_URL;
  const url = new URL(`postgres://${location.POSTGRES_HOST}:${location.POSTGRES_PORT}/${location.POSTGRES_DB}`);
  url.username = encodeURIComponent(location.POSTGRES_USER);
  url.password = encodeURIComponent(location.POSTGRES_PASSWORD ?? '');
  return url.href;
}

/** Address of the database as the role that may only read. */
export function readerDatabaseUrl(location: DatabaseLocation & ReaderCredentials): string {
  if (location.API_DATABASE_URL !== undefined) return location.API_DATABASE_URL;
  const url = new URL(databaseUrl(location));
  url.username = encodeURIComponent(location.API_DATABASE_USER);
  url.password = encodeURIComponent(location.API_DATABASE_PASSWORD ?? '');
  return url.href;
}
