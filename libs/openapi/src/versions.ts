import { VERSION_NEUTRAL, VersioningType, type INestApplication } from '@nestjs/common';

/** Prefix of the first version of the routes. */
export const V1 = '/v1';

/** Versions of a route that is served at its plain path and under {@link V1}, by the same handler. */
export const VERSIONS: (string | typeof VERSION_NEUTRAL)[] = ['1', VERSION_NEUTRAL];

/** Serves the routes that have {@link VERSIONS} under both paths; every other one stays at its plain path alone. */
export function serveVersions(app: INestApplication): void {
  app.enableVersioning({ type: VersioningType.URI });
}

/** The prefix that a request was made with, for links in its answer. @param url path and query of the request. */
export function prefixOf(url: string): string {
  return url.startsWith(`${V1}/`) ? V1 : '';
}
