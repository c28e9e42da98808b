import {
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Patch,
  Post,
} from '@nestjs/common';
import type { CataloguedTicker } from '@app/storage';
import type { z } from 'zod';
import { CatalogueService, requestOf } from '../catalogue/catalogue.service.js';
import { CatalogueError } from '../catalogue/resolve-ticker.js';
import { tickerChangeSchema, tickerRequestSchema } from '../catalogue/ticker-request.js';

/** The catalogue over HTTP: a change holds from the next slot on and needs no restart. */
@Controller('tickers')
export class TickersController {
  constructor(private readonly catalogue: CatalogueService) {}

  @Get()
  async list() {
    return { tickers: (await this.catalogue.list()).map(present) };
  }

  @Get(':ticker')
  async read(@Param('ticker') ticker: string) {
    return present(await this.known(ticker));
  }

  @Post()
  async create(@Body() body: unknown) {
    const request = parse(tickerRequestSchema, body);
    const current = await this.catalogue.find(request.ticker);
    if (current?.enabled === true)
      throw new ConflictException(
        `${request.ticker} is sampled already: change it with PATCH /tickers/${request.ticker}`,
      );
    await explained(this.catalogue.put(request));
    return this.read(request.ticker);
  }

  @Patch(':ticker')
  async change(@Param('ticker') ticker: string, @Body() body: unknown) {
    const change = parse(tickerChangeSchema, body);
    const current = await this.known(ticker);
    if (!current.enabled) throw new ConflictException(`${ticker} is disabled: enable it with POST /tickers`);
    await explained(this.catalogue.change(current, change));
    return this.read(ticker);
  }

  @Delete(':ticker')
  @HttpCode(200)
  async disable(@Param('ticker') ticker: string) {
    await this.known(ticker);
    await this.catalogue.disable(ticker);
    return { ticker, enabled: false };
  }

  private async known(ticker: string): Promise<CataloguedTicker> {
    const known = await this.catalogue.find(ticker);
    if (known === undefined) throw new NotFoundException(`there is no ticker ${ticker}: GET /tickers lists them`);
    return known;
  }
}

function present(ticker: CataloguedTicker) {
  const { rule, interval_seconds, sources } = requestOf(ticker);
  return {
    ticker: ticker.ticker,
    enabled: ticker.enabled,
    interval_seconds,
    rule,
    sources,
    since_slot: ticker.fromSlot,
    until_slot: ticker.toSlot ?? null,
  };
}

function parse<T>(schema: z.ZodType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new BadRequestException(
    result.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`),
  );
}

/** A catalogue that cannot be is the asker's fault, not the server's. */
async function explained<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof CatalogueError) throw new BadRequestException(error.faults);
    throw error;
  }
}
