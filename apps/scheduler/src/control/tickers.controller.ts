import { MAX_TICKER_LENGTH, readTicker, TICKER_PATTERN } from '@app/domain';
import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post } from '@nestjs/common';
import { ApiAnswer, ApiRequest, VERSIONS } from '@app/openapi';
import { invalidParameters } from '@app/process/server';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { CataloguedTicker } from '@app/storage';
import type { z } from 'zod';
import { CatalogueService, requestOf } from '../catalogue/catalogue.service.js';
import { readOnlyFaults, samplingChange } from '../catalogue/compare-change.js';
import { schemaFaults } from '@app/yaml-file';
import {
  newTickerSchema,
  tickerChangeSchema,
  type NewTicker,
  type SamplingChange,
} from '../catalogue/ticker-request.js';
import { ApiProblems } from './documentation.js';
import { conflict, unknownTicker } from './problem.js';
import {
  alreadySampled,
  anyRoute,
  changeOfDisabled,
  changingRoute,
  notCatalogued,
  routeWithBody,
  wrongChange,
  wrongTicker,
} from './problem-examples.js';
import { CHANGED_ANSWER, CREATED_ANSWER, DISABLED_ANSWER, TICKER_ANSWER, TICKERS_ANSWER } from './tickers.answer.js';

/** The ticker in the path, as people write it. */
const TickerInPath = () =>
  ApiParam({
    name: 'ticker',
    description:
      'The ticker. `BTC_USD`, `BTC-USD` and, percent-encoded, `BTC%2FUSD` mean the same; with a hyphen in a name write an underscore between base and quote, `usd-coin_usd`.',
    // The page fills in an example of the schema, and none of the parameter.
    schema: { type: 'string', pattern: TICKER_PATTERN, maxLength: MAX_TICKER_LENGTH, example: 'btc_usd' },
  });

/** The catalogue over HTTP: a change holds from the next slot on and needs no restart. */
@ApiTags('tickers')
@Controller({ path: 'tickers', version: VERSIONS })
export class TickersController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get()
  @ApiOperation({ summary: 'Every ticker, and how it is sampled' })
  @ApiAnswer(TICKERS_ANSWER)
  @ApiProblems(...anyRoute('/tickers'))
  async list() {
    return { tickers: (await this.catalogue.list()).map(present) };
  }

  @Get(':ticker')
  @ApiOperation({ summary: 'How a ticker is sampled' })
  @TickerInPath()
  @ApiAnswer(TICKER_ANSWER)
  @ApiProblems(notCatalogued(), ...anyRoute('/tickers/btc_usd'))
  async read(@Param('ticker') ticker: string) {
    return present(await this.known(ticker));
  }

  @Post()
  @ApiOperation({
    summary: 'Catalogues a ticker, or enables one that is disabled',
    description:
      'Of a new ticker, what is left out is as usual: every 60 s, by priority, from Deribit. One that was sampled before is sampled again as it was; what is given is changed, field by field, and null takes `checks` or `median` back. A field that is not known is refused.',
  })
  @ApiRequest({
    description: 'The ticker, and how it is to be sampled.',
    schema: newTickerSchema,
    example: { ticker: 'sol_usd', interval_seconds: 60, sources: ['kraken', { source: 'coingecko', standby: true }] },
  })
  @ApiAnswer(CREATED_ANSWER)
  @ApiProblems(wrongTicker, alreadySampled, ...routeWithBody('/tickers', { ticker: 'btc_usd' }))
  async create(@Body() body: unknown) {
    const request = parse(newTickerSchema, body);
    const current = await this.catalogue.find(request.ticker);
    if (current?.enabled === true)
      throw conflict(`${request.ticker} is sampled already: change it with PATCH /tickers/${request.ticker}`);
    if (current === undefined) {
      const { checks, median, ...rest } = request;
      await this.catalogue.put({ ...rest, checks: checks ?? undefined, median: median ?? undefined });
    } else {
      await this.catalogue.change(current, givenIn(body, request));
    }
    return this.readWithWarnings(request.ticker);
  }

  @Patch(':ticker')
  @ApiOperation({
    summary: 'Changes how a ticker is sampled, disables it, or enables it again',
    description:
      'What is left out stays as it is, and null takes `checks` or `median` back. All that GET shows may be sent back: what is as it is changes nothing. A new interval keeps how many slots lie between two calls of each source. With `sources` in the same body each has the interval given there; where these do not fit the new one, the sources asked most often (in every slot, as GET showed them) follow it.',
  })
  @TickerInPath()
  @ApiRequest({ description: 'What shall change.', schema: tickerChangeSchema, example: { interval_seconds: 10 } })
  @ApiAnswer(CHANGED_ANSWER)
  @ApiProblems(
    wrongChange,
    notCatalogued({ interval_seconds: 10 }),
    changeOfDisabled,
    ...routeWithBody('/tickers/btc_usd', { interval_seconds: 10 }),
  )
  async change(@Param('ticker') ticker: string, @Body() body: unknown) {
    const change = parse(tickerChangeSchema, body);
    const current = await this.known(ticker);
    const warnings = change.warnings === undefined ? [] : await this.catalogue.warningsOf(current.ticker);
    const faults = readOnlyFaults(current, warnings, change);
    if (faults.length > 0) throw invalidParameters(faults);
    await this.apply(current, change.enabled ?? current.enabled, samplingChange(current, change));
    return this.readWithWarnings(current.ticker);
  }

  @Delete(':ticker')
  @ApiOperation({ summary: 'Stops sampling a ticker' })
  @TickerInPath()
  @ApiAnswer(DISABLED_ANSWER)
  @ApiProblems(notCatalogued(), ...changingRoute('/tickers/btc_usd'))
  @HttpCode(200)
  async disable(@Param('ticker') ticker: string) {
    const known = await this.known(ticker);
    await this.catalogue.disable(known.ticker);
    return { ticker: known.ticker, enabled: false };
  }

  private async apply(current: CataloguedTicker, enabled: boolean, change: SamplingChange): Promise<void> {
    const isChanged = Object.keys(change).length > 0;
    if (!enabled && isChanged) {
      throw conflict(
        current.enabled
          ? `${current.ticker} cannot be changed and disabled at once, since the change would never hold: send one of them`
          : `${current.ticker} is disabled: enable it with POST /tickers, or by "enabled": true in the same change`,
      );
    }
    if (!enabled) await this.catalogue.disable(current.ticker);
    else if (!current.enabled || isChanged) await this.catalogue.change(current, change);
  }

  private async readWithWarnings(ticker: string) {
    const [catalogued, warnings] = [await this.read(ticker), await this.catalogue.warningsOf(ticker)];
    return warnings.length === 0 ? catalogued : { ...catalogued, warnings };
  }

  private async known(written: string): Promise<CataloguedTicker> {
    // What is no ticker at all may hold what Postgres takes for no text.
    const { parts } = readTicker(written);
    const known = parts === undefined ? undefined : await this.catalogue.find(parts.ticker);
    if (known !== undefined) return known;
    throw unknownTicker(
      written,
      (await this.catalogue.list()).map((ticker) => ticker.ticker),
    );
  }
}

function present(ticker: CataloguedTicker) {
  const { rule, interval_seconds, sources, checks, median } = requestOf(ticker);
  return {
    ticker: ticker.ticker,
    enabled: ticker.enabled,
    interval_seconds,
    rule,
    sources,
    ...(checks === undefined ? {} : { checks }),
    ...(median === undefined ? {} : { median }),
    since_slot: ticker.fromSlot,
    until_slot: ticker.toSlot ?? null,
  };
}

/** What of a request was given, and is no default. */
function givenIn(body: unknown, { interval_seconds, rule, sources, checks, median }: NewTicker): SamplingChange {
  const names = new Set(Object.keys(body as object));
  const fields = Object.entries({ interval_seconds, rule, sources, checks, median });
  return Object.fromEntries(fields.filter(([name]) => names.has(name)));
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw invalidParameters(schemaFaults(result.error));
}
