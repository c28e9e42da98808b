import { MAX_TICKER_LENGTH, readTicker } from '@app/domain';
import { ApiAnswer, ApiRequest, VERSIONS } from '@app/openapi';
import { invalidParameters } from '@app/process/server';
import { sourceById, sourceByName, SOURCES } from '@app/sources';
import { ExtraFetchRepository, type ExtraFetch } from '@app/storage';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { CatalogueService } from '../catalogue/catalogue.service.js';
import { schemaFaults, strictFields } from '@app/yaml-file';
import { PlannerService } from '../planning/planner.service.js';
import { ApiProblems } from './documentation.js';
import { FETCH_ANSWER, type PresentedFetch } from './fetch.answer.js';
import { fetchOfDisabled, fetchOfNothing, fetchOfUnknown, routeWithBody } from './problem-examples.js';
import { conflict, unknownTicker } from './problem.js';

/** How often a call that somebody asks for is tried at most. */
const MAX_ATTEMPTS = 2;

const names = (what: string) =>
  z
    .array(z.string({ error: `must be the name of a ${what}` }).max(MAX_TICKER_LENGTH), {
      error: `must be a list of ${what}s`,
    })
    .min(1, `must name at least one ${what}; leave it out for all`)
    .max(10_000, `must name at most 10000 ${what}s`)
    .optional();

const bodySchema = strictFields(
  {
    tickers: names('ticker').meta({
      description: 'Which tickers; all without it. `BTC/USD`, `BTC-USD` and `BTC_USD` are understood too.',
      examples: [['btc_usd']],
    }),
    sources: names('source').meta({
      description: 'Which of their sources; without it all that are no standby.',
      examples: [['deribit']],
    }),
  },
  'must be an object, such as {"tickers":["btc_usd"]}',
).meta({ id: 'FetchRequest' });

const MEANINGS: Readonly<Record<ExtraFetch['state'], (fetch: ExtraFetch) => string>> = {
  fetching: () => 'a call is on its way',
  under_way: () => 'the call of this slot is not done yet',
  sampled: () => 'this slot already has its sample, and a slot has one from each source',
  decided: () => 'this slot is decided already: a further sample would change nothing',
  source_unavailable: () => 'the source asked to be left alone, or its circuit is open: GET /status says until when',
  attempts_spent: () => 'it has been tried as often as a call may be in one slot',
  window_over: ({ nextSlot }) =>
    `the window of this slot is over, so that a price of now would not be one of this slot; the next begins at ${isoOf(nextSlot)}`,
  not_due: () => 'its schedule has not begun',
};

/** Extra fetches: a call now, filed under the slot that runs. */
@ApiTags('fetch')
@Controller({ path: 'fetch', version: VERSIONS })
export class FetchController {
  constructor(
    private readonly fetches: ExtraFetchRepository,
    private readonly planner: PlannerService,
    private readonly catalogue: CatalogueService,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Asks sources now, for the slot that runs',
    description: 'Without a body every ticker is asked for, at every source. The answer does not wait for the calls.',
  })
  @ApiRequest({
    description: 'Which tickers, and which of their sources; what is left out means all.',
    schema: bodySchema,
    example: { tickers: ['btc_usd'], sources: ['deribit'] },
    required: false,
  })
  @ApiAnswer(FETCH_ANSWER)
  @ApiProblems(fetchOfNothing, fetchOfUnknown, fetchOfDisabled, ...routeWithBody('/fetch', { tickers: ['btc_usd'] }))
  @HttpCode(202)
  async fetch(@Body() body: unknown) {
    const asked = parse(body ?? {});
    const sourceIds = asked.sources?.map(sourceIdOf);
    const tickers = asked.tickers === undefined ? undefined : await this.readTickers(asked.tickers);
    const fetches = await this.fetches.plan({ tickers, sourceIds }, Date.now(), MAX_ATTEMPTS);
    const known = new Set(fetches.map((fetch) => fetch.ticker));
    const missing = tickers?.find((ticker) => !known.has(ticker));
    if (missing !== undefined) throw await this.notSampled(missing, asked.sources);
    this.planner.offer();
    return { fetches: fetches.map(present) };
  }

  /** In their canonical form: what is no ticker at all may hold what Postgres takes for no text. */
  private async readTickers(written: readonly string[]): Promise<string[]> {
    const read = written.map((text) => ({ text, ticker: readTicker(text).parts?.ticker }));
    const wrong = read.find(({ ticker }) => ticker === undefined);
    if (wrong !== undefined) throw unknownTicker(wrong.text, namesOf(await this.catalogue.list()));
    return read.flatMap(({ ticker }) => ticker ?? []);
  }

  private async notSampled(ticker: string, sources: readonly string[] | undefined): Promise<Error> {
    const catalogue = await this.catalogue.list();
    const found = catalogue.find((one) => one.ticker === ticker);
    if (found === undefined) return unknownTicker(ticker, namesOf(catalogue));
    if (sources === undefined || !found.enabled) {
      return conflict(`${ticker} is disabled: enable it with PATCH /tickers/${ticker} and {"enabled":true}`);
    }
    return invalidParameters([
      {
        parameter: 'tickers',
        detail: `${ticker} is not sampled from ${sources.join(', ')}: GET /tickers/${ticker} tells from where`,
      },
    ]);
  }
}

function namesOf(catalogue: readonly { readonly ticker: string }[]): string[] {
  return catalogue.map(({ ticker }) => ticker);
}

function present(fetch: ExtraFetch): PresentedFetch {
  return {
    ticker: fetch.ticker,
    source: sourceById(fetch.sourceId)?.name ?? String(fetch.sourceId),
    timestamp: fetch.slot,
    state: fetch.state,
    detail: MEANINGS[fetch.state](fetch),
    outcome: fetch.outcome ?? null,
    reason: fetch.reason ?? null,
  };
}

function sourceIdOf(name: string): number {
  const source = sourceByName(name);
  if (source !== undefined) return source.id;
  const known = SOURCES.map((one) => one.name).join(', ');
  throw invalidParameters([
    { parameter: 'sources', detail: `there is no source ${name.slice(0, 63)}; known: ${known}` },
  ]);
}

function parse(body: unknown): z.output<typeof bodySchema> {
  const result = bodySchema.safeParse(body);
  if (result.success) return result.data;
  throw invalidParameters(schemaFaults(result.error));
}

function isoOf(slot: number): string {
  return new Date(slot * 1000).toISOString().replace('.000Z', 'Z');
}
