import { Controller, Get, Inject, Query, Req, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { AssetReader, IngestionReader, type StoredAsset } from '@app/storage';
import { ApiParameters, ApiProblems } from '../documentation/documentation.js';
import { databaseAway, notAParameter } from '../documentation/problem-examples.js';
import { ReadyGuard } from '../health/ready.guard.js';
import { QueryReader, type RawQuery } from '../http/query.reader.js';
import { DATA_ANSWER, RANKINGS_ANSWER, STATS_ANSWER } from './asset.answer.js';
import { DATA_PARAMETERS, DEFAULT_PAGE_SIZE, DEFAULT_RANKED, RANKING_PARAMETERS } from './asset.parameters.js';

/** What the lists of the sources say of assets, and how far they were read. */
@ApiTags('assets')
@UseGuards(ReadyGuard)
@Controller({ version: VERSIONS })
export class AssetController {
  constructor(
    @Inject(QueryReader) private readonly queries: QueryReader,
    @Inject(AssetReader) private readonly assets: AssetReader,
    @Inject(IngestionReader) private readonly ingestion: IngestionReader,
  ) {}

  @Get('data')
  @ApiOperation({
    summary: 'Assets of the lists that are read, page by page',
    description:
      'One row for each source and asset, with what the source said last. For prices on a clock ask `/prices`.',
  })
  @ApiParameters(DATA_PARAMETERS)
  @ApiAnswer(DATA_ANSWER)
  @ApiProblems(
    notAParameter('/data', 'ticker', 'is not a parameter here: there is page, page_size, symbol, source'),
    databaseAway('/data'),
  )
  async data(@Query() query: RawQuery, @Req() request: FastifyRequest): Promise<unknown> {
    const beganMs = performance.now();
    const { page = 1, page_size: size = DEFAULT_PAGE_SIZE, ...filter } = this.queries.read(DATA_PARAMETERS, query);
    const { assets, total } = await this.assets.page(filter, { page, size });
    return {
      request_id: request.id,
      api_latency_ms: Math.round((performance.now() - beganMs) * 100) / 100,
      data: assets.map(answerOf),
      total,
      page,
      page_size: size,
    };
  }

  @Get('stats')
  @ApiOperation({ summary: 'How far each list of assets was read' })
  @ApiAnswer(STATS_ANSWER)
  @ApiProblems(notAParameter('/stats', 'source', 'is not a parameter here: there is none'), databaseAway('/stats'))
  async stats(@Query() query: RawQuery): Promise<unknown> {
    this.queries.read({}, query);
    const lists = await this.ingestion.status();
    return {
      records_processed: lists.reduce((sum, { processed }) => sum + processed, 0),
      last_success: newestOf(lists.map(({ lastSuccess }) => lastSuccess)),
      last_failure: newestOf(lists.map(({ lastFailure }) => lastFailure)),
      sources: Object.fromEntries(
        lists.map(({ source, lastProcessedId, lastProcessedAt, status, runId }) => [
          source,
          {
            last_processed_id: lastProcessedId,
            last_processed_at: lastProcessedAt?.toISOString() ?? null,
            status,
            run_id: runId,
          },
        ]),
      ),
    };
  }

  @Get('rankings')
  @ApiOperation({ summary: 'The greatest assets of one source' })
  @ApiParameters(RANKING_PARAMETERS)
  @ApiAnswer(RANKINGS_ANSWER)
  @ApiProblems(
    notAParameter('/rankings', 'ticker', 'is not a parameter here: there is by, source, limit'),
    databaseAway('/rankings'),
  )
  async rankings(@Query() query: RawQuery): Promise<unknown> {
    const { by = 'market_cap', source: asked, limit = DEFAULT_RANKED } = this.queries.read(RANKING_PARAMETERS, query);
    const [source = null] = asked === undefined ? await this.assets.sources(by) : [asked];
    const assets = source === null ? [] : await this.assets.ranked(by, source, limit);
    return { by, source, data: assets.map((asset, index) => ({ rank: index + 1, ...answerOf(asset) })) };
  }
}

function answerOf({ assetId, symbol, name, priceUsd, marketCap, volume24h, source, updatedAt }: StoredAsset) {
  return {
    ...{ asset_id: assetId, symbol, name, price_usd: priceUsd, market_cap: marketCap, volume_24h: volume24h, source },
    updated_at: updatedAt.toISOString(),
  };
}

function newestOf(instants: readonly (Date | null)[]): string | null {
  const times = instants.flatMap((instant) => (instant === null ? [] : [instant.getTime()]));
  return times.length === 0 ? null : new Date(Math.max(...times)).toISOString();
}
