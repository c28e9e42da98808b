import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ReadinessWatch } from '@app/process';
import type { ListedTicker } from '@app/storage';
import type { ApiSettings } from '../api-settings.js';
import { renderHomePage } from './home.page.js';
import { TickerDirectory } from '../tickers/ticker.directory.js';
import { API_SETTINGS, CLOCK, type Clock } from '../tokens.js';

/** The page that a visitor sees first. */
@Controller()
export class HomeController {
  constructor(
    @Inject(TickerDirectory) private readonly directory: TickerDirectory,
    @Inject(ReadinessWatch) private readonly readiness: ReadinessWatch,
    @Inject(API_SETTINGS) private readonly settings: ApiSettings,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @ApiExcludeEndpoint()
  async page(@Req() request: FastifyRequest): Promise<string> {
    const [unfit] = this.readiness.findings();
    const tickers = unfit === undefined ? await this.tickers() : undefined;
    return renderHomePage({
      simulated: this.settings.mode === 'simulated',
      // Without a database there is still a page, which says so.
      notReady: tickers === undefined ? (unfit ?? 'the database does not answer') : undefined,
      tickers: tickers ?? [],
      origin: `${request.protocol}://${request.host}`,
      nowMs: this.now(),
    });
  }

  private async tickers(): Promise<ListedTicker[] | undefined> {
    try {
      return [...(await this.directory.all()).values()];
    } catch {
      return undefined;
    }
  }
}
