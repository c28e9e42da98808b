import type { OpenAPIObject } from '@nestjs/swagger';
import { createLogger } from '@app/observability';
import { createApi } from '../api.js';
import { apiDocument } from './openapi.js';

/** The OpenAPI document of this build, made without a database: nothing connects before the API listens. */
export async function openapiDocument(): Promise<OpenAPIObject> {
  const api = await createApi({
    databaseUrl: 'postgres://nobody@localhost/nothing',
    mode: 'live',
    logger: createLogger({ name: 'api', level: 'silent' }),
    onFatal: () => undefined,
  });
  const document = apiDocument(api.app);
  await api.close();
  return document;
}
