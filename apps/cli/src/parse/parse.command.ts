import {
  DEFAULT_MAX_BODY_BYTES,
  DRIFT_POLICIES,
  type DriftPolicy,
  MAX_REFUSAL_BYTES,
  type Source,
  SourceError,
} from '@app/sources';
import { Option } from 'commander';
import { readNames, readTickers, splitByName } from '../asked-tickers.js';
import { knownSources, sourceNamed } from '../known-sources.js';
import { didYouMean } from '../did-you-mean.js';
import type { Terminal } from '../terminal.js';
import { TidemarkCommand } from '../tidemark-command.js';
import { UsageError } from '../usage-error.js';
import { headerClock } from './answer-clock.js';
import { describeFailure, parseBody, type ParsedBody } from './parse-body.js';
import { readBody, readHeaders, readStatus, readTime } from './stored-answer.js';

interface ParseArguments {
  readonly source: string;
  readonly tickers: readonly string[];
  readonly status: string;
  readonly header?: readonly string[];
  readonly endpoint?: string;
  readonly name?: readonly string[];
  readonly now?: string;
  readonly driftPolicy: DriftPolicy;
}

/** `parse`: runs one stored body through a source's parser and the checks. */
export function parseCommand(terminal: Terminal): TidemarkCommand {
  const command = new TidemarkCommand('parse', terminal, TEXTS);
  command
    .neededOption('--source <name>', 'the source that answered')
    .neededOption('--tickers <list>', 'what was asked for, such as btc_usd,eth_usd; repeatable', append)
    .argument('<file>', 'the body, as it came; - for standard input')
    .option('--status <number>', 'HTTP status of the answer', '200')
    .option('--header <line>', "header of the answer, such as 'retry-after: 119'; repeatable", append)
    .option('--endpoint <name>', "endpoint that was asked (default: known by the body's shape); `sources` lists them")
    .option('--name <pair>', 'name of a ticker at the source, such as btc_usd=bitcoin; repeatable', append)
    .option('--now <time>', "when the answer came, ISO 8601 (default: the answer's own time where it has one)")
    .addOption(
      new Option('--drift-policy <policy>', 'what is done about a field that was renamed, moved or retyped')
        .choices(DRIFT_POLICIES)
        .default('reject'),
    )
    .action(async (file: string, options: ParseArguments) => {
      const parsed = await run(file, options, terminal);
      terminal.print(`${JSON.stringify(parsed)}\n`);
    });
  return command;
}

async function run(file: string, options: ParseArguments, terminal: Terminal): Promise<ParsedBody> {
  const source = sourceNamed(options.source, await knownSources(terminal));
  const asked = readTickers(options.tickers);
  const { named, nameless } = splitByName(source, asked, readNames(options.name ?? [], asked));
  if (nameless.length > 0) {
    terminal.complain(
      `${source.title} has no name for ${nameless.join(', ')} that is known here, so they are missing: give it, as in --name ${nameless[0]}=NAME.\n`,
    );
  }
  checkEndpoint(source, options.endpoint);
  const status = readStatus(options.status);
  const headers = readHeaders(options.header ?? []);
  const receivedAtMs = options.now === undefined ? undefined : readTime(options.now);
  const body = await readBody(file, maxBodyBytes(source, options.endpoint, status), terminal);
  if (body.isTooLong && status === 200) {
    return describeFailure(new SourceError('malformed', source.name, 'the body is longer than a client reads'));
  }
  const response = { status, headers, body: body.text };
  const dateMs = headerClock(headers);
  // It is the source's own clock: an answer that was kept by a cache, or a clock that is wrong, is found out by the time of arrival alone.
  if (receivedAtMs === undefined && dateMs !== undefined) {
    const date = new Date(dateMs).toISOString();
    terminal.complain(
      `Without --now the answer is taken to have come at ${date}, its Date header: say when it came to have its age judged.\n`,
    );
  }
  const { endpoint, driftPolicy } = options;
  const parsed = parseBody({
    source,
    tickers: named,
    response,
    endpoint,
    driftPolicy,
    receivedAtMs,
    nowMs: terminal.now(),
  });
  return parsed.error === null ? { ...parsed, missing: [...parsed.missing, ...nameless] } : parsed;
}

/** What a client would read at most: of the endpoint that is named, or of the one that may be longest. */
function maxBodyBytes(source: Source, name: string | undefined, status: number): number {
  if (status !== 200) return MAX_REFUSAL_BYTES;
  const asked = source.endpoints.filter((endpoint) => name === undefined || endpoint.name === name);
  return Math.max(...asked.map((endpoint) => endpoint.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES));
}

/** @throws UsageError for an endpoint that the source has not. */
function checkEndpoint(source: Source, name: string | undefined): void {
  const names = source.endpoints.map((endpoint) => endpoint.name);
  if (name === undefined || names.includes(name)) return;
  throw new UsageError(`${source.title} has no endpoint ${name}${didYouMean(name, names)} Known: ${names.join(', ')}.`);
}

function append(text: string, before: readonly string[] = []): string[] {
  return [...before, text];
}

const TEXTS = {
  summary: 'read one stored answer of a source, and check it',
  description: `Runs one stored answer through the source's parser and the checks, without network and database, and prints one JSON object:

  accepted  prices that passed the checks, with exactly the digits on the wire. A price in another currency (Binance gives BTCUSDT for btc_usd) stands as it was read: its conversion comes later and needs a rate. Coinbase's inverse rates are inverted to as many digits as are known, and flags names them derived.
  rejected  prices that did not pass, with reason and detail. The check against other prices (jump) needs a database and is left out.
  missing   tickers that the answer leaves out, or that have no name at the source that is known here. An answer that does not say of what it is, such as Deribit's, is of the first ticker.
  error     null, or why the answer as a whole gives nothing: kind, retry_after_seconds and message. The lists are empty then, for nothing was read.

The clock stands at --now; without it at the answer's Date header, which is said on standard error, else at the newest time among its prices, else it is the real one. A price is stale when its own time, or what Date and Age say of the answer, is 600 s older than that.

Ends with status 0 when the answer could be classified, whatever it was, and with 2 when the command was given wrongly.`,
  examples: [
    'tidemark parse --source kraken --tickers btc_usd answer.json',
    'tidemark parse --source coingecko --tickers btc_usd,eth_usd answer.json',
    'tidemark parse --source coingecko --tickers btc_usd --status 429 page.html',
    'tidemark parse --source coincap --tickers btc_usd --endpoint assets a.json',
    'curl -s $ADDRESS | tidemark parse --source bitstamp --tickers btc_usd -',
  ],
} as const;
