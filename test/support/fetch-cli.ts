import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AnswerServer, startAnswerServer } from '../../libs/sources/src/testing/answer-server.contract.js';
import { runCli } from '../../apps/cli/src/program.js';
import { keptTerminal, type KeptTerminal } from './cli-terminal.js';

/** When the fetches of a test take place. */
export const FETCH_NOW_MS = Date.parse('2026-11-20T20:05:08.123Z');

/** Nobody listens there. */
const NO_DATABASE = 'postgres://nobody@127.0.0.1:1/none';

/** What the sources answer, by the beginning of the path: `/kraken`. */
export type FetchAnswers = Readonly<
  Record<string, string | { status: number; body?: string; headers?: Record<string, string> }>
>;

/** The command `fetch` with all sources at one server. */
export interface FetchCli {
  readonly server: AnswerServer;
  run(
    answers: FetchAnswers | undefined,
    words: readonly string[],
    environment?: NodeJS.ProcessEnv,
  ): Promise<KeptTerminal & { status: number }>;
  /** The same with --json, whose report it gives. @param answers undefined: the server answers as it was told before. */
  fetched(
    answers: FetchAnswers | undefined,
    words: readonly string[],
    environment?: NodeJS.ProcessEnv,
  ): Promise<{ status: number; complained: string; report: ReturnType<typeof JSON.parse> }>;
}

/** Starts the server that stands for all sources. */
export async function startFetchCli(): Promise<FetchCli> {
  const server = await startAnswerServer();
  const run: FetchCli['run'] = async (answers, words, environment = {}) => {
    const answer = (request: IncomingMessage, response: ServerResponse): void => {
      const path = request.url ?? '';
      const [, given = { status: 404 }] = Object.entries(answers ?? {}).find(([start]) => path.startsWith(start)) ?? [];
      const { status, body = '', headers = {} } = typeof given === 'string' ? { status: 200, body: given } : given;
      response.writeHead(status, headers).end(body);
    };
    if (answers !== undefined) server.answerWith(answer);
    const urls = ['DERIBIT', 'COINGECKO', 'COINPAPRIKA', 'COINCAP', 'BINANCE', 'COINBASE', 'KRAKEN', 'BITSTAMP'].map(
      (name) => [`${name}_URL`, `${server.url}/${name.toLowerCase()}`],
    );
    const terminal = keptTerminal({
      nowMs: FETCH_NOW_MS,
      environment: { DATABASE_URL: NO_DATABASE, ...Object.fromEntries(urls), ...environment },
    });
    return Object.assign(terminal, { status: await runCli(['fetch', ...words], terminal) });
  };
  return {
    server,
    run,
    fetched: async (answers, words, environment) => {
      const { status, printed, complained } = await run(answers, [...words, '--json'], environment);
      return { status, complained: complained(), report: JSON.parse(printed()) };
    },
  };
}
