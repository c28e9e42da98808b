import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Quote, SOURCE_ERROR_KINDS, type SourceErrorKind } from '@app/domain';
import { coingeckoSource } from '../providers/coingecko.source.js';
import { type AnswerServer, plainAnswer, startAnswerServer } from './answer-server.contract.js';
import { outcomeOf } from './judge-parse.contract.js';
import { isQuote, type RequestedTicker, type Source } from '../contract/index.js';
import { deribitSource } from '../providers/deribit.source.js';
import { SourceClient } from '../http/source-client.js';

// The recorded answers have no licence and so are not part of this repository. They lie beside it, or where the
// variable says.
const BESIDE = fileURLToPath(new URL('../../../../shared/upstream', import.meta.url));
const FOLDER = join(process.env['TIDEMARK_UPSTREAM'] ?? BESIDE, 'recorded');

/** What a file is answered with and what must come of it: `ticker=price` and perhaps `@seconds`, or a kind. */
interface Expected {
  readonly file: string;
  /** Default: what the headers beside it say, else 200. */
  readonly status?: number;
  /** `ticker:name at the source`. */
  readonly asked: string;
  readonly outcome: SourceErrorKind | readonly string[];
}

const BTC = 'btc_usd:bitcoin';

const DERIBIT: readonly Expected[] = [
  { file: 'deribit/get_index_price_btc_usd_2026-09-19.json', asked: 'btc_usd:btc_usd', outcome: ['btc_usd=81413.6'] },
  { file: 'deribit/get_index_BTC_legacy_2020-01-03.json', asked: 'btc_usd:btc_usd', outcome: 'drift' },
  { file: 'deribit/ws_error_10028_nautilus.json', asked: 'btc_usd:btc_usd', outcome: 'rate_limited' },
  { file: 'deribit/ws_error_10028_nautilus.json', status: 400, asked: 'btc_usd:btc_usd', outcome: 'rate_limited' },
];

const COINGECKO: readonly Expected[] = [
  { file: 'coingecko/simple_price_full_doc.json', asked: BTC, outcome: ['btc_usd=76975@1779092258'] },
  { file: 'coingecko/simple_price_btc_usd_2021-05-15.json', asked: BTC, outcome: ['btc_usd=49326'] },
  { file: 'coingecko/simple_price_bitcoin_usd_2026-01-01.json', asked: BTC, outcome: ['btc_usd=87869'] },
  { file: 'coingecko/simple_price_btc_eth_2021-08-13.json', asked: 'btc_eth:bitcoin', outcome: ['btc_eth=14.394342'] },
  {
    file: 'coingecko/pro_simple_price_eth_btc_2024-10-11.json',
    asked: 'eth_btc:ethereum',
    outcome: ['eth_btc=0.03950436'],
  },
  {
    file: 'coingecko/simple_price_3coins_usd_2025-03-06.json',
    asked: `${BTC} bnb_usd:binancecoin avax_usd:avalanche-2`,
    outcome: ['btc_usd=88927', 'bnb_usd=594.59', 'avax_usd=21.14'],
  },
  {
    file: 'coingecko/simple_price_3coins_in_eth_2025-03-06.json',
    asked: 'btc_eth:bitcoin bnb_eth:binancecoin avax_eth:avalanche-2',
    outcome: ['btc_eth=40.344918', 'bnb_eth=0.2697573', 'avax_eth=0.00958953'],
  },
  {
    file: 'coingecko/simple_price_with_market_cap_2022-01-07.json',
    asked: `algo_usd:algorand ${BTC}`,
    outcome: ['algo_usd=1.48', 'btc_usd=42492'],
  },
  {
    file: 'coingecko/simple_price_ids_with_space_drops_second_2021-05-15.json',
    asked: `${BTC} eth_usd:ethereum`,
    outcome: ['btc_usd=49357'],
  },
  { file: 'coingecko/simple_price_unknown_vs_currency_empty_object_2021-05-15.json', asked: BTC, outcome: [] },
  { file: 'coingecko/error_422_simple_price_missing_ids_2021-07-19.json', asked: BTC, outcome: 'unavailable' },
  {
    file: 'coingecko/error_422_simple_price_missing_ids_2021-07-19.json',
    status: 200,
    asked: BTC,
    outcome: 'unavailable',
  },
  { file: 'coingecko/error_429_rate_limit_2022-09-29.json', asked: BTC, outcome: 'rate_limited' },
  { file: 'coingecko/error_429_rate_limit_2022-09-29.json', status: 200, asked: BTC, outcome: 'rate_limited' },
  { file: 'coingecko/error_500_ohlc_missing_params_2021-07-19.json', asked: BTC, outcome: 'unavailable' },
  { file: 'coingecko/error_500_ohlc_missing_params_2021-07-19.json', status: 200, asked: BTC, outcome: 'unavailable' },
  { file: 'coingecko/error_cloudflare_1015_2022-04-19.html', status: 429, asked: BTC, outcome: 'rate_limited' },
  { file: 'coingecko/error_cloudflare_1015_2022-04-19.html', status: 403, asked: BTC, outcome: 'rate_limited' },
  { file: 'coingecko/error_cloudflare_1015_2022-04-19.html', status: 200, asked: BTC, outcome: 'rate_limited' },
  { file: 'coingecko/web_301_redirect_2022-01-24.html', asked: BTC, outcome: 'malformed' },
];

// Of other services, but any source may meet them. The JSON of a stranger has no coin that was asked for.
const ANYWHERE: readonly [file: string, deribit: SourceErrorKind, coingecko: SourceErrorKind | readonly string[]][] = [
  ['200_html_spa_page_instead_of_json.html', 'malformed', 'malformed'],
  ['200_json_sent_as_text_html.json', 'drift', []],
  ['301_empty_body.txt', 'malformed', 'malformed'],
  ['301_html_to_plain_http.html', 'malformed', 'malformed'],
  ['400_google_api_key_not_valid.json', 'drift', 'drift'],
  ['401_alchemy_invalid_key.txt', 'unauthorized', 'unauthorized'],
  ['404_cryptocompare_no_data_before_first_trade.json', 'not_found', 'not_found'],
  ['404_empty_body.txt', 'not_found', 'not_found'],
  ['404_nginx_behind_cloudflare.html', 'not_found', 'not_found'],
  ['408_text_plain.txt', 'timeout', 'timeout'],
  ['500_routescan.json', 'unavailable', 'unavailable'],
  ['500_textplain_with_full_ticker_json.json', 'unavailable', 'unavailable'],
  ['503_nginx_html.html', 'unavailable', 'unavailable'],
];

if (existsSync(FOLDER)) describeRecorded();
else {
  it('could not be held against the recorded answers: there is no such folder', () => {
    console.log(`NOT RUN: the recorded answers, for there is no folder ${FOLDER} (TIDEMARK_UPSTREAM names another).`);
    expect(existsSync(FOLDER)).toBe(false);
  });
}

function describeRecorded(): void {
  describe('recorded answers', () => {
    let server: AnswerServer;
    let client: SourceClient;
    beforeAll(async () => {
      server = await startAnswerServer();
      client = new SourceClient({
        access: { deribit: { baseUrl: server.url }, coingecko: { baseUrl: server.url } },
        now: Date.now,
      });
    });
    afterAll(async () => {
      client.close();
      await server.close();
    });

    async function outcomeOver(source: Source, expected: Expected): Promise<Expected['outcome']> {
      const { status, headers } = recordedHead(expected.file);
      server.answerWith(plainAnswer(expected.status ?? status, readBody(expected.file), headers));
      return client.fetch(source, tickersOf(expected.asked), { timeoutMs: 10_000 }).then(
        (answer) => answer.readings.filter(isQuote).map(written),
        (error: { kind: SourceErrorKind }) => error.kind,
      );
    }

    it.each(DERIBIT.map(labelled))('come out of the Deribit source as they should: $label', async (expected) => {
      expect(await outcomeOver(deribitSource, expected)).toEqual(expected.outcome);
    });

    it.each(COINGECKO.map(labelled))('come out of the CoinGecko source as they should: $label', async (expected) => {
      expect(await outcomeOver(coingeckoSource, expected)).toEqual(expected.outcome);
    });

    it.each(ANYWHERE)('of other services come out as they should: %s', async (name, deribit, coingecko) => {
      const file = `_http_errors/${name}`;
      expect(await outcomeOver(deribitSource, { file, asked: 'btc_usd:btc_usd', outcome: [] })).toEqual(deribit);
      expect(await outcomeOver(coingeckoSource, { file, asked: BTC, outcome: [] })).toEqual(coingecko);
    });

    it('names every recorded answer of other services', () => {
      expect(ANYWHERE.map(([file]) => file).sort()).toEqual(filesOf('_http_errors'));
    });

    it.each([
      ['deribit', deribitSource],
      ['coingecko', coingeckoSource],
    ])('of any endpoint of any source give the %s source no wrong price', (_name, source) => {
      const folders = readdirSync(FOLDER, { withFileTypes: true }).filter((entry) => entry.isDirectory());
      const files = folders.flatMap(({ name }) => filesOf(name).map((file) => `${name}/${file}`));
      const foreign = files.filter((file) => !/^(deribit\/get_index_price|coingecko\/(pro_)?simple_price)/.test(file));
      expect(foreign.length).toBeGreaterThan(50);
      for (const file of foreign) {
        const outcome = outcomeOf(source, readBody(file), tickersOf(`${BTC} eth_usd:ethereum`));
        expect({ file, thrown: undefined, ...outcome }).toMatchObject({ file, thrown: undefined });
        if ('quotes' in outcome) expect({ file, quotes: outcome.quotes }).toEqual({ file, quotes: [] });
        if ('kind' in outcome) expect(SOURCE_ERROR_KINDS).toContain(outcome.kind);
      }
    });
  });
}

function labelled(expected: Expected): Expected & { label: string } {
  return { ...expected, label: `${expected.file} with ${expected.status ?? 'its own status'}` };
}

function filesOf(folder: string): string[] {
  const entries = readdirSync(join(FOLDER, folder), { withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

function readBody(file: string): string {
  return readFileSync(join(FOLDER, file), 'utf8');
}

/** The status and those headers that can be sent again with an unpacked body. */
function recordedHead(file: string): { status: number; headers: Record<string, string> } {
  const [folder = '', name = ''] = file.split('/');
  const path = join(FOLDER, folder, 'headers', `${basename(name, extname(name))}.headers.json`);
  if (!existsSync(path)) return { status: 200, headers: {} };
  const head = JSON.parse(readFileSync(path, 'utf8')) as { status: number; headers: Record<string, string> };
  const kept = Object.entries(head.headers).filter(([key]) => /^(content-type|retry-after|location|age)$/.test(key));
  return { status: head.status, headers: Object.fromEntries(kept) };
}

function tickersOf(asked: string): RequestedTicker[] {
  return asked.split(' ').map((pair) => {
    const [ticker = '', sourceSymbol = ''] = pair.split(':');
    return { ticker, sourceSymbol };
  });
}

function written({ ticker, price, sourceTime }: Quote): string {
  return `${ticker}=${price}${sourceTime === undefined ? '' : `@${sourceTime.getTime() / 1000}`}`;
}
