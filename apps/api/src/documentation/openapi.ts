import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject } from '@nestjs/swagger';
import { openApiDocument } from '@app/openapi';
import { VERSION } from '@app/process/server';
import { ApiModule } from '../api.module.js';

/** The OpenAPI document of the API, as it is served and as it is kept in docs/openapi.json. */
export function apiDocument(app: INestApplication): OpenAPIObject {
  const head = new DocumentBuilder()
    .setTitle('Tidemark')
    .setDescription(
      'Crypto prices, collected on a clock. Every expected price is there once, exact to the digit, or `/gaps` gives the reason why it is not.',
    )
    .setVersion(VERSION)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addTag('prices', 'The reference series')
    .addTag('gaps', 'What is missing, and why')
    .addTag('tickers', 'What is sampled')
    .addTag('health', 'How the system is')
    .build();
  return openApiDocument(app, head, [ApiModule]);
}
