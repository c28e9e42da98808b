import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import tidemark from '../../../../package.json' with { type: 'json' };
import { PROBLEM_SCHEMA } from './documentation.js';

/** Problem documents of RFC 9457, as an OpenAPI schema. */
const PROBLEM = {
  type: 'object' as const,
  description: 'What went wrong (RFC 9457).',
  required: ['type', 'title', 'status', 'detail', 'instance', 'request_id'],
  properties: {
    type: { type: 'string' as const, format: 'uri' },
    title: { type: 'string' as const },
    status: { type: 'integer' as const },
    detail: { type: 'string' as const },
    instance: { type: 'string' as const, description: 'The path that was asked for' },
    request_id: { type: 'string' as const, description: 'Also the header `x-request-id`; the log names it' },
    errors: {
      type: 'array' as const,
      description: 'Every wrong parameter',
      items: {
        type: 'object' as const,
        required: ['parameter', 'detail'],
        properties: { parameter: { type: 'string' as const }, detail: { type: 'string' as const } },
      },
    },
  },
  example: {
    type: 'urn:tidemark:problem:invalid-parameters',
    title: 'Invalid parameters',
    status: 400,
    detail: 'from has 13 digits. Milliseconds? Divide by 1000: 1766000000',
    instance: '/prices',
    request_id: '9b2c8f6e-3a55-4f0e-9d3a-6f1f6f3c1a2b',
    errors: [{ parameter: 'from', detail: 'has 13 digits. Milliseconds? Divide by 1000: 1766000000' }],
  },
};

/** The OpenAPI document of the API, as it is served and as it is kept in docs/openapi.json. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const builder = new DocumentBuilder()
    .setTitle('Tidemark')
    .setDescription(
      'Crypto prices, collected on a clock. Every expected price is there once, exact to the digit, or `/gaps` gives the reason why it is not.',
    )
    .setVersion(tidemark.version)
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .setOpenAPIVersion('3.1.0')
    .addServer('/')
    .addTag('prices', 'The reference series')
    .addTag('gaps', 'What is missing, and why')
    .addTag('tickers', 'What is sampled')
    .addTag('health', 'How the system is')
    .build();
  const document = SwaggerModule.createDocument(app, builder, {
    operationIdFactory: (controller, method) => `${controller.replace('Controller', '').toLowerCase()}_${method}`,
  });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, [PROBLEM_SCHEMA]: PROBLEM },
  };
  return document;
}

/** Serves the document at `/openapi.json` and a page to read it at `/docs`. */
export function serveDocumentation(app: INestApplication): void {
  SwaggerModule.setup('docs', app, openApiDocument(app), {
    jsonDocumentUrl: 'openapi.json',
    raw: ['json'],
    customSiteTitle: 'Tidemark API',
    // Nobody else is asked to judge the document.
    swaggerOptions: { validatorUrl: null, displayRequestDuration: true, tryItOutEnabled: true },
  });
}
