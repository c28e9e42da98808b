import { readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { catalogueFileSchema, tickerRequestSchema } from '../apps/scheduler/src/catalogue/ticker-request.js';
import { simulatedSources } from '../apps/standalone/src/launch/child-environment.js';
import { CONTROL_PASSWORD } from './support/control-server.js';
import { examplesOf, LANGUAGES, readPage, runAsOne } from './support/page-examples.js';
import { eventually } from './support/processes.js';
import { createTestDatabase, type TestDatabase } from './support/test-database.js';
import { TestSystem } from './support/test-system.js';

const PAGE = readPage('docs/manage-tickers.md');
const EXAMPLES = examplesOf('docs/manage-tickers.md');

/** A part of the schema of a request, as the document of the control API has it. */
interface FieldSchema {
  readonly properties?: Readonly<Record<string, FieldSchema>>;
  readonly items?: FieldSchema;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly [limit: string]: unknown;
}

/** The tables of fields: the heading of each, and where its fields are in a request. */
const TABLES: Readonly<Record<string, (request: FieldSchema) => FieldSchema | undefined>> = {
  'A ticker': (request) => request,
  'A source of a ticker': (request) => request.properties?.['sources']?.items,
  'Checks of a ticker': (request) => request.properties?.['checks'],
  'Limits of a median': (request) => request.properties?.['median'],
};

/** A row of a table of fields, its cells without backticks. */
interface FieldRow {
  readonly field: string;
  readonly default: string;
  readonly allowed: string;
  readonly example: string;
}

function rowsUnder(heading: string): FieldRow[] {
  const section = PAGE.split(`\n### ${heading}\n`)[1]?.split(/\n#{2,3} /)[0] ?? '';
  return [...section.matchAll(/^\| `(.*) *\|$/gm)].map(([line]) => {
    const cells = line.split(' | ').map((cell) => cell.replaceAll(/[`|]/g, '').trim());
    const [field = '', , , standard = '', allowed = '', example = ''] = cells;
    return { field, default: standard, allowed, example };
  });
}

/** The request whose field has this value. */
function requestWith(heading: string, field: string, value: unknown): unknown {
  const base = { ticker: 'btc_usd' };
  if (heading === 'A ticker') return { ...base, [field]: value };
  if (heading === 'A source of a ticker') return { ...base, sources: [{ source: 'deribit', [field]: value }] };
  if (heading === 'Checks of a ticker') return { ...base, checks: { [field]: value } };
  return { ...base, rule: 'median', median: { [field]: value } };
}

/** The requests of another page, which such a system answers too. */
const FIRST_LOOKS = [...(readPage('docs/troubleshooting.md').split(/^## /m)[1] ?? '').matchAll(/`(curl [^`]+)`/g)].map(
  ([, command = '']) => command.replaceAll('127.0.0.1', 'http://127.0.0.1'),
);

describe('Manage tickers: its tables of fields', () => {
  const document = JSON.parse(
    readFileSync(path.resolve(import.meta.dirname, '../docs/openapi-control.json'), 'utf8'),
  ) as { components: { schemas: { TickerRequest: FieldSchema; TickerChange: FieldSchema } } };
  const { TickerRequest: request, TickerChange: change } = document.components.schemas;

  it('have every field that is shown besides, and no other', () => {
    const besides = Object.keys(change.properties ?? {}).filter((field) => request.properties?.[field] === undefined);
    expect(rowsUnder('What is shown besides').map(({ field }) => field)).toEqual(besides.sort());
    expect(besides.length).toBeGreaterThan(0);
  });

  describe.each(Object.entries(TABLES))('%s', (heading, schemaOf) => {
    const properties = schemaOf(request)?.properties ?? {};
    const rows = rowsUnder(heading);

    it('has every field, and no other', () => {
      expect(rows.length).toBeGreaterThan(3);
      expect(rows.map(({ field }) => field).sort()).toEqual(Object.keys(properties).sort());
    });

    it.each(rows)('says the bounds and the default of $field, and an example that is taken', (row) => {
      const { field, allowed } = row;
      const schema = properties[field] ?? {};
      for (const limit of ['minimum', 'exclusiveMinimum', 'maximum', 'maxLength', 'minItems', 'maxItems']) {
        if (schema[limit] !== undefined) expect(allowed.split(/[^\d.]+/)).toContain(JSON.stringify(schema[limit]));
      }
      for (const value of schema.enum ?? []) expect(allowed).toContain(value);
      const standard = schema.default;
      if (['Checks of a ticker', 'Limits of a median'].includes(heading)) expect(standard).toBeDefined();
      if (typeof standard === 'string' || typeof standard === 'number') expect(row.default).toBe(String(standard));
      const given = requestWith(heading, field, JSON.parse(row.example));
      expect(tickerRequestSchema.safeParse(given)).toMatchObject({ success: true });
    });
  });
});

describe('Manage tickers: its examples', () => {
  let database: TestDatabase;
  let system: TestSystem;
  let urls: Readonly<Record<string, string>>;

  beforeAll(async () => {
    database = await createTestDatabase();
    system = await TestSystem.prepare({ databaseUrl: database.url });
    const variables = simulatedSources(system.simulatorUrl ?? '') as Record<string, string>;
    const control = await system.start('scheduler', 'scheduler', 0, variables);
    await system.start('worker', 'worker', 0, variables);
    const api = await system.start('api');
    const isReady = async (url: string) => (await fetch(`${url}/readyz`)).ok || undefined;
    await Promise.all([control, api].map((url) => eventually(`${url} to be ready`, 90_000, () => isReady(url))));
    urls = { 'http://127.0.0.1:8001': control, 'http://127.0.0.1:8000': api };
  }, 180_000);
  afterAll(async () => {
    await system.stop();
    await database.drop();
  });

  /** A request with the addresses and the password of this system, and a line for each answer. */
  function fit(code: string): string {
    return Object.entries(urls).reduce(
      (text, [address, url]) => text.replaceAll(address, url),
      code.replaceAll('PASSWORD', CONTROL_PASSWORD).replaceAll('curl -s', "curl -s -w '\\n'"),
    );
  }

  it('lists files of a catalogue that can be read', () => {
    const files = EXAMPLES.filter(({ language }) => language === 'yaml');
    expect(files).toHaveLength(1);
    for (const { code } of files) expect(catalogueFileSchema.safeParse(parse(code))).toMatchObject({ success: true });
  });

  it('has requests that are answered one after another as it says, and leave tickers that have prices', async () => {
    const examples = EXAMPLES.filter(({ language }) => language === 'bash');
    const outputs = await runAsOne(
      LANGUAGES.bash,
      // The API knows a new ticker after a second, as the page says: it may have been asked for its tickers just before.
      examples.map(({ code }) => (code.includes('http://127.0.0.1:8000') ? `sleep 1.1\n${fit(code)}` : fit(code))),
      os.tmpdir(),
    );
    for (const [index, { line, shown }] of examples.entries()) {
      const answers = (outputs[index] ?? '')
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as { type?: string });
      const problems = answers.filter(({ type }) => type !== undefined && !type.endsWith('no-price-yet'));
      expect({ line, problems }).toEqual({ line, problems: [] });
      if (shown === undefined) continue;
      const since_slot = expect.any(Number) as unknown;
      expect({ line, answer: answers[0] }).toEqual({ line, answer: { ...JSON.parse(shown.text), since_slot } });
    }

    // One by priority, one by median, and one that is converted by the price of another.
    await eventually('prices of the tickers of the page', 60_000, async () => {
      const { rows } = await system.pool.query<{ ticker: string }>(
        `SELECT t.ticker FROM latest l JOIN tickers t ON t.id = l.ticker_id`,
      );
      const names = rows.map(({ ticker }) => ticker);
      return ['sol_usd', 'ltc_usd', 'bnb_usd'].every((name) => names.includes(name)) || undefined;
    });
  });

  it('answers what Troubleshooting asks first', async () => {
    expect(FIRST_LOOKS.length).toBeGreaterThan(3);
    const outputs = await runAsOne(LANGUAGES.bash, FIRST_LOOKS.map(fit), os.tmpdir());
    for (const [index, command] of FIRST_LOOKS.entries()) {
      const { type } = JSON.parse(outputs[index] ?? '') as { type?: string };
      expect({ command, type }).toEqual({ command, type: undefined });
    }
  });
});
