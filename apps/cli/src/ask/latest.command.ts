import { z } from 'zod';
import { alignColumns } from '../align-columns.js';
import type { Terminal } from '../terminal.js';
import { type ApiAnswer, NoAnswerError } from './api-client.js';
import { spanOf, timeOf } from './format.js';
import { QuestionCommand, type QuestionContext, type QuestionOptions } from './question-command.js';
import { tickersSchema } from './tickers.command.js';

const latestSchema = z.object({
  ticker: z.string(),
  timestamp: z.number(),
  price: z.string(),
  source: z.string(),
  flags: z.array(z.string()),
  age_seconds: z.number(),
  stale: z.boolean(),
});

type Latest = z.output<typeof latestSchema>;

/** Questions that are under way at a time. */
const AT_ONCE = 8;

/** `latest`: the newest price of each ticker. @param finish receives the status when some have none. */
export function latestCommand(terminal: Terminal, finish: (status: number) => void): QuestionCommand {
  const command = new QuestionCommand('latest', terminal, TEXTS, finish);
  command
    .argument('[ticker...]', 'tickers such as btc_usd eth_usd; without any, all that are sampled')
    .action((tickers: readonly string[], options: QuestionOptions) =>
      command.ask(options, async (context) => {
        const named = tickers.flatMap((list) => list.split(',')).filter((ticker) => ticker !== '');
        const asked = named.length > 0 ? named : await sampledTickers(context);
        const latest = await latestOf(asked, context);
        if (context.asJson) for (const { text } of latest) terminal.print(`${text}\n`);
        else if (latest.length > 0) terminal.print(tableOf(latest, terminal.columns));
      }),
    );
  return command;
}

async function sampledTickers({ api }: QuestionContext): Promise<string[]> {
  const { tickers } = (await api.get('/tickers', {}, tickersSchema)).value;
  const sampled = tickers.filter(({ enabled, last_slot }) => enabled && last_slot !== null);
  if (sampled.length === 0) throw new NoAnswerError('No ticker has a price yet; `tidemark tickers` lists them.');
  return sampled.map(({ ticker }) => ticker);
}

/** The answers in the order of the tickers; those that have none are said. */
async function latestOf(asked: readonly string[], { api, fail }: QuestionContext): Promise<ApiAnswer<Latest>[]> {
  const answers: ApiAnswer<Latest>[] = [];
  for (let at = 0; at < asked.length; at += AT_ONCE) {
    const some = asked.slice(at, at + AT_ONCE);
    const outcomes = await Promise.allSettled(
      some.map((ticker) => api.get('/prices/latest', { ticker }, latestSchema)),
    );
    for (const one of outcomes) {
      if (one.status === 'fulfilled') answers.push(one.value);
      else fail(one.reason);
    }
  }
  return answers;
}

function tableOf(latest: readonly ApiAnswer<Latest>[], columns: number): string {
  const rows = latest.map(({ value: { ticker, price, source, timestamp, age_seconds, stale, flags } }) => [
    ...[ticker, price, source, timeOf(timestamp), spanOf(age_seconds)],
    [...(stale ? ['stale'] : []), ...flags].join(', '),
  ]);
  return alignColumns([['TICKER', 'PRICE', 'SOURCE', 'TIME (UTC)', 'AGE', 'NOTE'], ...rows], columns);
}

const TEXTS = {
  summary: 'the newest price of each ticker, with its age',
  description:
    'The newest price of each ticker: the slot that it is of, the source that it is from, how long ago it was received, and whether that is too long (stale: twice its interval).',
  examples: ['tidemark latest btc_usd eth_usd', 'tidemark latest', 'tidemark latest BTC/USD --json'],
} as const;
