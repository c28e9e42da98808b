import { readFile } from 'node:fs/promises';
import { openapiDocument } from './openapi-document.js';

describe('the OpenAPI document', () => {
  it('describes every route with its parameters, an example and its problems, and needs no database', async () => {
    const document = await openapiDocument();
    expect(Object.keys(document.paths).sort()).toEqual([
      '/gaps',
      '/health',
      '/livez',
      '/payloads/{sha256}',
      '/prices',
      '/prices/explain',
      '/prices/latest',
      '/readyz',
      '/tickers',
    ]);
    for (const [path, item] of Object.entries(document.paths)) {
      expect(Object.keys(item)).toEqual(['get']);
      const type = path.startsWith('/payloads') ? 'text/plain' : 'application/json';
      expect(item.get?.responses['200']).toHaveProperty(['content', type, 'example']);
      if (/prices|gaps/.test(path)) {
        expect(item.get?.parameters).toContainEqual(expect.objectContaining({ name: 'ticker', required: true }));
        for (const status of ['400', '404', '503']) {
          expect(item.get?.responses[status]).toHaveProperty(['content', 'application/problem+json']);
        }
      }
    }
    expect(document.components?.schemas).toHaveProperty('Problem');
  });

  it('has the version of the product', async () => {
    const file = await readFile(new URL('../../../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(file) as { version: string };
    expect((await openapiDocument()).info.version).toBe(version);
  });
});
