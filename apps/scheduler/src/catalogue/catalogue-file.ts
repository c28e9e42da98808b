import { readSettingFile, readYaml, YamlFileError } from '@app/yaml-file';
import { catalogueFileSchema, tickerRequestSchema, type TickerRequest } from './ticker-request.js';

/** What is sampled when nobody says otherwise. */
export const DEFAULT_CATALOGUE: readonly TickerRequest[] = ['btc_usd', 'eth_usd'].map((ticker) =>
  tickerRequestSchema.parse({ ticker }),
);

/** Thrown when the catalogue file cannot be used; the message names the file and every fault in it. */
export class CatalogueFileError extends YamlFileError {
  override readonly name = 'CatalogueFileError';
}

/** Reads the tickers of a YAML file. @throws CatalogueFileError with every fault, and where in the file it is. */
export async function readCatalogueFile(file: string): Promise<TickerRequest[]> {
  const { tickers } = readYaml(await readSettingFile('CATALOGUE_FILE', file, CatalogueFileError), {
    of: `CATALOGUE_FILE ${file}`,
    schema: catalogueFileSchema,
    faultsOf: doubledTickers,
    error: CatalogueFileError,
  });
  return tickers;
}

function doubledTickers({ tickers }: { readonly tickers: readonly TickerRequest[] }) {
  const names = tickers.map(({ ticker }) => ticker);
  return names.flatMap((name, index) =>
    names.indexOf(name) === index ? [] : [{ parameter: `tickers.${index}`, sentence: `${name} is listed twice` }],
  );
}
