import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readDeclarationsFile } from '@app/sources';
import { parse, stringify } from 'yaml';
import { readCatalogueFile } from '../apps/scheduler/src/catalogue/catalogue-file.js';

const ROOT = path.resolve(import.meta.dirname, '..');

interface Values {
  /** As a map, or as the text of the file; so is the catalogue. */
  readonly sources?: { readonly declared?: unknown };
  readonly catalogue?: unknown;
}

/** Whatever is installed for real: by `make test-cluster`. */
const files = ['helm/tidemark/ci', 'test/cluster']
  .flatMap((folder) => readdirSync(path.join(ROOT, folder)).map((file) => path.join(folder, file)))
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => [file, parse(readFileSync(path.join(ROOT, file), 'utf8')) as Values] as const);
const declaring = files.filter(([, { sources }]) => sources?.declared !== undefined);
const cataloguing = files.filter(([, { catalogue }]) => catalogue !== undefined);

// A cluster finds it too, after the five minutes that an installation waits for processes that do not start.
describe('the files within the values of the chart', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'chart-values-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  function asFile(content: unknown): string {
    const file = path.join(folder, 'content.yaml');
    writeFileSync(file, typeof content === 'string' ? content : stringify(content));
    return file;
  }

  it.each(declaring)('declare sources that the processes take: %s', async (_name, { sources }) => {
    expect((await readDeclarationsFile(asFile(sources?.declared))).length).toBeGreaterThan(0);
  });

  it.each(cataloguing)('list tickers that the processes take: %s', async (_name, { catalogue }) => {
    expect((await readCatalogueFile(asFile(catalogue))).length).toBeGreaterThan(0);
  });

  it('are in some of them', () => {
    expect(Math.min(declaring.length, cataloguing.length)).toBeGreaterThan(0);
  });
});
