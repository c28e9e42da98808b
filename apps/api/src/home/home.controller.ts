import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ReadinessWatch } from '@app/process';
import { DatabaseUnavailableError, type ListedTicker } from '@app/storage';
import type { ApiSettings } from '../api-settings.js';
import { MAX_LISTED, renderHomePage } from './home.page.js';
import { HOME_SCRIPT } from './home.script.js';
import { RecentLinesReader, type RecentLines } from './recent-lines.js';
import { TickerDirectory } from '../tickers/ticker.directory.js';
import { API_SETTINGS, CLOCK, type Clock } from '../tokens.js';

/** The page that a visitor sees first, and keeps open. */
@Controller()
export class HomeController {
  constructor(
    @Inject(TickerDirectory) private readonly directory: TickerDirectory,
    @Inject(RecentLinesReader) private readonly lines: RecentLinesReader,
    @Inject(ReadinessWatch) private readonly readiness: ReadinessWatch,
    @Inject(API_SETTINGS) private readonly settings: ApiSettings,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Get()
  @Header('content-type', 'text/html; charset=utf-8')
  @ApiExcludeEndpoint()
  async page(@Req() request: FastifyRequest): Promise<string> {
    const [unfit] = this.readiness.findings();
    const listed = unfit === undefined ? await this.listed() : undefined;
    return renderHomePage({
      simulated: this.settings.mode === 'simulated',
      // Without a database there is still a page, which says so.
      notReady: listed === undefined ? (unfit ?? 'the database does not answer') : undefined,
      tickers: listed?.tickers ?? [],
      lines: listed?.lines ?? new Map(),
      origin: `${request.protocol}://${request.host}`,
      nowMs: this.now(),
    });
  }

  /** Own file, since pages of ours run no script that stands in them. */
  @Get('home.js')
  @Header('content-type', 'text/javascript; charset=utf-8')
  @ApiExcludeEndpoint()
  script(): string {
    return HOME_SCRIPT;
  }

  private async listed(): Promise<{ tickers: ListedTicker[]; lines: RecentLines } | undefined> {
    try {
      const tickers = [...(await this.directory.all()).values()];
      return { tickers, lines: await this.lines.of(tickers.slice(0, MAX_LISTED)) };
    } catch (error) {
      // Anything else is a fault of ours, which must not look like a database that is away.
      if (error instanceof DatabaseUnavailableError) return undefined;
      throw error;
    }
  }
}
