import { lacksKey, type Source, SourceClient, SourceError } from '@app/sources';
import { readNames, readTickers } from '../asked-tickers.js';
import { knownSources, sourceNamed } from '../known-sources.js';
import { type CliSettings, readCliSettings } from '../cli-settings.js';
import type { Terminal } from '../terminal.js';
import { TidemarkCommand } from '../tidemark-command.js';
import { UsageError } from '../usage-error.js';
import type { AskedPrice } from './asked-price.js';
import { CommandBudget } from './command-budget.js';
import { PriceFetch } from './fetch-prices.js';
import { fetchJson, type FetchReport, fetchTable } from './render-fetch.js';
import { resolveAssets } from './resolve-assets.js';
import { writeSnapshot } from './snapshot-file.js';

interface FetchArguments {
  readonly ticker?: readonly string[];
  readonly assets?: readonly string[];
  readonly quote: string;
  readonly source?: readonly string[];
  readonly name?: readonly string[];
  readonly out?: string;
  readonly timeout: string;
  readonly json?: true;
}

/** Whom to ask when nobody says: who has many tickers in one call, in dollars, first. */
const DEFAULT_ORDER = ['coingecko', 'kraken', 'coinbase', 'bitstamp', 'coinpaprika', 'deribit', 'binance', 'coincap'];

/** CoinGecko's list of all coins has about a megabyte. */
const LIST_TIMEOUT_MS = 30_000;

/** `fetch`: asks sources for prices now. @param fail is called when not every ticker got a price. */
export function fetchCommand(terminal: Terminal, fail: () => void): TidemarkCommand {
  const command = new TidemarkCommand('fetch', terminal, TEXTS);
  command
    .option('--ticker <list>', 'tickers such as btc_usd,eth_usd; repeatable', append)
    .option('--assets <list>', 'CoinGecko ids or symbols such as bitcoin,eth; repeatable', append)
    .option('--quote <currency>', 'currency for --assets', 'usd')
    .option('--source <list>', 'whom to ask, in this order (default: all that can be asked); repeatable', append)
    .option('--name <pair>', 'name of a ticker at the one --source, such as btc_usd=bitcoin; repeatable', append)
    .option('--out <folder>', 'add what is fetched in usd to the CSV file of the minute in this folder')
    .option('--timeout <seconds>', 'how long one call may take', '10')
    .option('--json', 'print one JSON object instead of a table')
    .action(async (options: FetchArguments) => {
      const report = await run(options, terminal);
      terminal.print(options.json === true ? fetchJson(report) : fetchTable(report, terminal.columns));
      if (report.missing.length > 0) fail();
    });
  return command;
}

async function run(options: FetchArguments, terminal: Terminal): Promise<FetchReport> {
  const timeoutMs = readTimeout(options.timeout);
  const sources = await knownSources(terminal);
  const chosen = options.source?.flatMap((list) => list.split(',')).map((name) => sourceNamed(name.trim(), sources));
  const settings = readCliSettings(terminal, [...new Set([...sources, ...(chosen ?? [])])]);
  const usual = usualOrder(sources, settings);
  const { HTTPS_PROXY: httpsProxy, NO_PROXY: noProxy, DRIFT_POLICY: driftPolicy } = settings.settings;
  const client = new SourceClient({
    access: settings.access,
    driftPolicy,
    httpsProxy,
    noProxy,
    now: () => terminal.now(),
  });
  const progress = terminal.progress();
  const budget = new CommandBudget({
    settings,
    now: () => terminal.now(),
    signal: terminal.signal,
    say: (text) => progress.say(text),
  });
  const nowMs = terminal.now();
  try {
    const asked = await askedPrices(options, chosen, { sources, client, budget, signal: terminal.signal });
    if (options.out !== undefined && asked.every(({ parts }) => parts.quote !== 'usd'))
      throw new UsageError('--out writes prices in US dollars: ask for a ticker in usd, such as btc_usd.');
    const fetch = new PriceFetch({
      sources: chosen ?? usual,
      rateSources: [...new Set([...(chosen ?? []), ...usual])],
      client,
      now: () => terminal.now(),
      timeoutMs,
      stablecoinsAtPar: settings.settings.ASSUME_STABLECOINS_AT_PAR === 'true',
      take: (source, cost) => budget.take(source, cost),
      signal: terminal.signal,
      say: (text) => progress.say(text),
    });
    const prices = await fetch.run(asked);
    const have = new Set(prices.map(({ ticker }) => ticker));
    const missing = asked.map(({ parts }) => parts.ticker).filter((ticker) => !have.has(ticker));
    const { attempts } = fetch;
    const file =
      options.out === undefined ? null : await writeSnapshot({ folder: options.out, asked, attempts, nowMs });
    return { prices, missing, attempts, file };
  } finally {
    progress.end();
    client.close();
    await budget.close();
  }
}

async function askedPrices(
  options: FetchArguments,
  chosen: readonly Source[] | undefined,
  means: { sources: readonly Source[]; client: SourceClient; budget: CommandBudget; signal: AbortSignal | undefined },
): Promise<AskedPrice[]> {
  const tickers = options.ticker === undefined ? [] : readTickers(options.ticker);
  const names = readNames(options.name ?? [], tickers);
  const [named, ...others] = chosen ?? [];
  if (names.size > 0 && (named === undefined || others.length > 0)) {
    throw new UsageError('--name is the name at one source: give that one as --source.');
  }
  const asked = tickers.map((ticker): AskedPrice => {
    const name = names.get(ticker.ticker);
    return { parts: ticker, names: new Map(named === undefined || name === undefined ? [] : [[named.name, name]]) };
  });
  if (options.assets === undefined) {
    if (asked.length === 0) throw new UsageError('Nothing is asked for: give --ticker btc_usd or --assets bitcoin.');
    return asked;
  }
  if (!/^[a-z0-9-]{1,31}$/.test(options.quote)) {
    throw new UsageError(`--quote ${options.quote}: give a currency in lower case, such as usd.`);
  }
  const coingecko = sourceNamed('coingecko', means.sources);
  const assets = await resolveAssets(
    options.assets.flatMap((list) => list.split(',')),
    options.quote,
    {
      coingecko,
      fetchList: async () => {
        if (!(await means.budget.take(coingecko, coingecko.names?.cost ?? 1))) {
          throw new SourceError('rate_limited', coingecko.name, 'the credits of this month are spent');
        }
        return (await means.client.fetchNames(coingecko, { timeoutMs: LIST_TIMEOUT_MS, signal: means.signal })) ?? [];
      },
    },
  );
  const known = new Set(asked.map(({ parts: { ticker } }) => ticker));
  return [...asked, ...assets.filter(({ parts: { ticker } }) => !known.has(ticker))];
}

/** Everybody who can be asked: who needs a key and has none is left out. */
function usualOrder(sources: readonly Source[], { access }: CliSettings): Source[] {
  const place = ({ name }: Source): number => (DEFAULT_ORDER.includes(name) ? DEFAULT_ORDER.indexOf(name) : Infinity);
  return sources
    .filter((source) => !lacksKey(source, access[source.name]))
    .toSorted((left, right) => (place(left) < place(right) ? -1 : place(left) > place(right) ? 1 : 0));
}

function readTimeout(text: string): number {
  const seconds = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN;
  if (seconds > 0) return seconds * 1000;
  throw new UsageError(`--timeout ${text}: give a number of seconds above 0, at most 999.`);
}

function append(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

const TEXTS = {
  summary: 'ask sources for prices now, until each ticker has one',
  description: `Asks sources for prices now, over the network. What the first source does not give, or gives with a price that fails a check, is asked of the next, until every ticker has a price. Sources that are named are asked in that order, and no others.

A price in a stablecoin (Binance gives SOLUSDT for sol_usd) is converted with a price of that coin that is fetched for it, and never with 1.0, unless ASSUME_STABLECOINS_AT_PAR says so. No price is stored in the database.

--out adds a line for each answer in US dollars, failed ones too, to the file YYYY/MM/DD/prices-HHMM.csv of the minute (UTC) in this folder, as a scheduler with SNAPSHOT_DIR writes them.

--assets takes ids of CoinGecko (bitcoin) and symbols (btc). A symbol that is not well known and has several assets is refused with its candidates.

Calls are counted together with those of the workers where the database of DATABASE_URL or POSTGRES_* is reached, and wait until the limit of their source has room; elsewhere the limits are kept within this command alone.

Where a source is asked, with which key and through which proxy follows from the environment, as for the workers: KRAKEN_URL, COINGECKO_API_KEY, HTTPS_PROXY.

Ends with status 0 when every ticker got a price, with 1 when one did not.`,
  examples: [
    'tidemark fetch --ticker btc_usd --source kraken',
    'tidemark fetch --ticker btc_usd,eth_eur --source kraken,coinbase --json',
    'tidemark fetch --assets bitcoin,ethereum,solana --out data',
    'tidemark fetch --ticker x_usd --source coingecko --name x_usd=some-coin',
  ],
} as const;
