import { readFile } from 'node:fs/promises';
import { createPool } from '@app/storage';
import { readYaml, YamlFileError } from '@app/yaml-file';
import { z } from 'zod';
import { DEFAULT_SOURCES } from './source-probe.js';

/** Where a catalogue may stand. */
export interface CatalogueOptions {
  /** Of `CATALOGUE_FILE`; undefined without one. */
  readonly file: string | undefined;
  readonly databaseUrl: string;
}

/** Of the file only what says who is asked: whether it is right otherwise, the scheduler finds out. */
const FILE = z.object({
  tickers: z.array(z.object({ sources: z.array(z.union([z.string(), z.object({ source: z.string() })])).optional() })),
});

/**
 * The names of the sources that the catalogue asks: of the file, and of the database as it is now; those of the default catalogue where neither
 * has any ticker.
 */
export async function namedSources({ file, databaseUrl }: CatalogueOptions): Promise<ReadonlySet<string>> {
  const names = [...(file === undefined ? [] : await namesOfFile(file)), ...(await namesOfDatabase(databaseUrl))];
  return new Set(names.length === 0 ? DEFAULT_SOURCES : names);
}

async function namesOfFile(file: string): Promise<string[]> {
  try {
    const options = { of: file, schema: FILE, error: YamlFileError };
    const { tickers } = readYaml(await readFile(file, 'utf8'), options);
    return tickers.flatMap(({ sources = DEFAULT_SOURCES }) =>
      sources.map((source) => (typeof source === 'string' ? source : source.source)),
    );
  } catch {
    // The scheduler says what is wrong with it.
    return [];
  }
}

async function namesOfDatabase(databaseUrl: string): Promise<string[]> {
  const pool = createPool({
    ...{ url: databaseUrl, applicationName: 'tidemark-start', maxConnections: 1, onIdleError: () => undefined },
  });
  try {
    const { rows } = await pool.query<{ name: string }>(
      `SELECT DISTINCT o.name FROM schedules s JOIN ticker_sources ts ON ts.schedule_id = s.id JOIN sources o ON o.id = ts.source_id
       WHERE s.to_slot IS NULL`,
    );
    return rows.map(({ name }) => name);
  } catch {
    // It is new, and has no tables yet.
    return [];
  } finally {
    await pool.end();
  }
}
