import { readFile } from 'node:fs/promises';
import { problemDocument, problemSchema, routeAnswers } from '@app/openapi';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { apiDocument } from './openapi.js';
import { makeSilentApi } from './openapi-document.js';
import { undescribedProperties } from '../../../../test/support/undescribed-properties.js';

const TIMES = ['date-time', 'date'].map((format) => ({ type: 'string', format }));

describe('the OpenAPI document', () => {
  let app: NestFastifyApplication;
  let document: OpenAPIObject;

  beforeAll(async () => {
    app = await makeSilentApi();
    document = apiDocument(app);
  });
  afterAll(async () => {
    await app.close();
  });

  it('describes every route with its parameters, an example and its problems, and needs no database', () => {
    const known = [
      '/gaps',
      '/health',
      '/latest',
      '/livez',
      '/payloads/{sha256}',
      '/prices',
      '/prices/explain',
      '/prices/latest',
      '/readyz',
      '/tickers',
    ];
    expect(Object.keys(document.paths)).toEqual(expect.arrayContaining(known));
    for (const [path, item] of Object.entries(document.paths)) {
      expect(Object.keys(item).filter((key) => key !== 'servers')).toEqual(['get']);
      expect(item.get?.operationId).toMatch(/^[a-z]+_[a-z]+$/);
      const type = path.startsWith('/payloads') ? 'text/plain' : 'application/json';
      expect(item.get?.responses['200']).toHaveProperty(['content', type, 'example']);
      if (/prices|gaps/.test(path)) {
        const isPaged = ['/prices', '/gaps'].includes(path);
        const description = expect.stringMatching(
          isPaged ? /Required, unless `cursor` is given/ : /The ticker/,
        ) as string;
        expect(item.get?.parameters).toContainEqual(
          expect.objectContaining({ name: 'ticker', required: !isPaged, description }),
        );
        for (const status of ['400', '404', '503']) {
          expect(item.get?.responses[status]).toHaveProperty(['content', 'application/problem+json']);
        }
      }
    }
  });

  it('says of every instant that it is a number or a time', () => {
    for (const [path, name] of [
      ['/prices', 'from'],
      ['/prices', 'to'],
      ['/gaps', 'from'],
      ['/gaps', 'to'],
      ['/prices/explain', 'timestamp'],
    ] as const) {
      expect(document.paths[path]?.get?.parameters).toContainEqual(
        expect.objectContaining({
          name,
          required: false,
          description: expect.stringContaining('`2025-12-17T19:33:20Z`') as string,
          schema: { oneOf: [expect.objectContaining({ type: 'integer' }), ...TIMES] },
        }),
      );
    }
  });

  it('is about the routes under /v1 too, except those that an orchestrator asks', () => {
    expect(document.servers?.map(({ url }) => url)).toEqual(['/', '/v1']);
    const plainOnly = Object.entries(document.paths).filter(([, item]) => 'servers' in item);
    expect(plainOnly).toEqual([
      ['/livez', expect.objectContaining({ servers: [{ url: '/' }] })],
      ['/readyz', expect.objectContaining({ servers: [{ url: '/' }] })],
    ]);
  });

  it('has an answer with a schema for every documented route', () => {
    const answering = routeAnswers(app).map(({ method, path }) => `${method} ${path}`);
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item)
        .filter((key) => key !== 'servers')
        .map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(answering.sort()).toEqual(documented.sort());
  });

  it('gives examples that their schemas accept', () => {
    for (const { answer, problems } of routeAnswers(app)) {
      for (const example of [answer.example, ...Object.values(answer.examples ?? {})]) {
        expect(answer.schema.parse(example)).toEqual(example);
      }
      for (const problem of problems) expect(() => problemSchema.parse(problemDocument(problem))).not.toThrow();
    }
  });

  it('has a named schema for everything that it refers to, and none besides', () => {
    const schemas = document.components?.schemas ?? {};
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(
      (one) => one[1],
    );
    expect([...new Set(names)].sort()).toEqual(Object.keys(schemas).sort());
    expect(names).toEqual(expect.arrayContaining(['Price', 'LatestPrice', 'Gap', 'Ticker', 'Explanation', 'Problem']));
  });

  it('describes every parameter and every field', () => {
    expect(undescribedProperties(document)).toEqual([]);
  });

  it('lets clients live with a field that a later version adds', () => {
    expect(JSON.stringify(document)).not.toContain('"additionalProperties":false');
  });

  it('has the version of the product', async () => {
    const file = await readFile(new URL('../../../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(file) as { version: string };
    expect(document.info.version).toBe(version);
  });
});
