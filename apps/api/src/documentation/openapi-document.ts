import { createLogger } from '@app/observability';
import { ClockWatch, ReadinessWatch } from '@app/process';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { makeApi, openStores } from '../api.js';
import { apiDocument } from './openapi.js';

/** The OpenAPI document of this build, made without a database. */
export async function openapiDocument(): Promise<OpenAPIObject> {
  const app = await makeSilentApi();
  const document = apiDocument(app);
  await app.close();
  return document;
}

/** An API for a look at its routes: it connects to nothing and does not listen. */
export async function makeSilentApi(): Promise<NestFastifyApplication> {
  const logger = createLogger({ name: 'api', level: 'silent' });
  const databaseUrl = 'postgres://nobody@localhost/nothing';
  const options = { databaseUrl, mode: 'live', logger, onFatal: () => undefined } as const;
  const stores = openStores(options);
  const clock = new ClockWatch(stores.database.nowMs);
  return makeApi(options, stores, { clock, readiness: new ReadinessWatch({ checks: [], clock, logger }) });
}
