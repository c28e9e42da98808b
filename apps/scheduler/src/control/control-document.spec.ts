import '../../../../test/support/one-realm-of-errors.js';
import type { OpenAPIObject } from '@nestjs/swagger';
import { controlDocument } from './control-document.js';
import { undescribedProperties } from '../../../../test/support/undescribed-properties.js';

describe('the OpenAPI document of the control API', () => {
  let document: OpenAPIObject;

  beforeAll(async () => {
    document = await controlDocument();
  });

  it('describes every route with an example and its problems, under / and /v1, and needs no store', () => {
    const routes = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const known = [
      'DELETE /tickers/{ticker}',
      'GET /status',
      'GET /tickers',
      'GET /tickers/{ticker}',
      'PATCH /tickers/{ticker}',
      'POST /fetch',
      'POST /tickers',
    ];
    expect(routes).toEqual(expect.arrayContaining(known));
    expect(document.servers?.map(({ url }) => url)).toEqual(['/', '/v1']);
    for (const item of Object.values(document.paths)) {
      for (const { responses, operationId } of [item.get, item.post, item.patch, item.delete].filter((one) => !!one)) {
        expect(operationId).toMatch(/^[a-z]+_[a-z]+$/);
        const [success] = Object.keys(responses);
        expect(responses[success ?? '']).toHaveProperty(['content', 'application/json', 'example']);
        expect(responses['401']).toHaveProperty(['content', 'application/problem+json']);
      }
    }
  });

  it('names its schemas, those of bodies too, and refers to no other', () => {
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      (one) => one[1],
    );
    expect([...new Set(names)].sort()).toEqual(Object.keys(document.components?.schemas ?? {}).sort());
    expect(names).toEqual(expect.arrayContaining(['TickerRequest', 'TickerChange', 'FetchRequest', 'TaskStatus']));
  });

  it('describes every parameter and every field', () => {
    expect(undescribedProperties(document)).toEqual([]);
  });

  it('takes a source by its name alone, too', () => {
    expect(document.components?.schemas?.['TickerRequest']).toHaveProperty('properties.sources.items.type', [
      'string',
      'object',
    ]);
  });
});
