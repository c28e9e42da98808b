import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { schemaFaults } from './schema-faults.js';
import { catalogueFileSchema, tickerRequestSchema, type TickerRequest } from './ticker-request.js';

/** What is sampled when nobody says otherwise. */
export const DEFAULT_CATALOGUE: readonly TickerRequest[] = ['btc_usd', 'eth_usd'].map((ticker) =>
  tickerRequestSchema.parse({ ticker }),
);

/** Thrown when the catalogue file cannot be used; the message names the file and every fault in it. */
export class CatalogueFileError extends Error {
  override readonly name = 'CatalogueFileError';

  constructor(file: string, faults: readonly string[], options?: ErrorOptions) {
    super(`CATALOGUE_FILE ${file} is not usable:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`, options);
  }
}

/** Reads the tickers of a YAML file. @throws CatalogueFileError */
export async function readCatalogueFile(file: string): Promise<TickerRequest[]> {
  const result = catalogueFileSchema.safeParse(await readYaml(file));
  if (!result.success) {
    throw new CatalogueFileError(
      file,
      schemaFaults(result.error).map(({ parameter, detail }) => `${parameter || 'the file'}: ${detail}`),
    );
  }
  const names = result.data.tickers.map((request) => request.ticker);
  const doubled = names.filter((name, index) => names.indexOf(name) !== index);
  if (doubled.length > 0)
    throw new CatalogueFileError(
      file,
      doubled.map((name) => `${name} is listed twice`),
    );
  return result.data.tickers;
}

async function readYaml(file: string): Promise<unknown> {
  try {
    return parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new CatalogueFileError(file, [error instanceof Error ? error.message : String(error)], { cause: error });
  }
}
