/** What is used of a market's ticker: texts, because the exchange was told to make its numbers so. */
export interface CcxtTicker {
  readonly symbol?: string | undefined;
  readonly last?: string | number | null | undefined;
  /** UNIX milliseconds, as it should be. */
  readonly timestamp?: number | string | null | undefined;
  /** The same in ISO 8601. */
  readonly datetime?: string | null | undefined;
}

/** What is used of an exchange. */
export interface CcxtExchange {
  timeout: number;
  fetchTicker(symbol: string): Promise<CcxtTicker>;
  loadMarkets(): Promise<unknown>;
}

/** What is used of the library: a class for each exchange. */
export type CcxtLibrary = Readonly<
  Record<string, (new (options: Readonly<Record<string, unknown>>) => CcxtExchange) | undefined>
>;

/** Not known to the compiler: the package is optional, and large. */
const PACKAGE: string = 'ccxt';

/** Loads the library, when it is used for the first time. @throws Error when the package is not there. */
export async function loadCcxt(): Promise<CcxtLibrary> {
  const { default: library } = (await import(PACKAGE)) as { default: CcxtLibrary };
  return library;
}
