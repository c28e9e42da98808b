import { slotText } from '@app/domain';
import { Controller, Get, Inject, Query, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { LatestSampleReader, type SnapshotSample } from '@app/storage';
import { ApiProblems } from '../documentation/documentation.js';
import { databaseAway, notAParameter } from '../documentation/problem-examples.js';
import { ReadyGuard } from '../health/ready.guard.js';
import { KeptBriefly } from '../http/kept-briefly.js';
import { QueryReader, type RawQuery } from '../http/query.reader.js';
import { CLOCK, type Clock } from '../tokens.js';
import { LATEST_SAMPLES_ANSWER } from './latest.answer.js';

/** What every source gave last, in the shape of the lines of snapshots. */
@ApiTags('prices')
@UseGuards(ReadyGuard)
@Controller({ path: 'latest', version: VERSIONS })
export class LatestController {
  private readonly kept: KeptBriefly<readonly SnapshotSample[]>;

  constructor(
    @Inject(QueryReader) private readonly queries: QueryReader,
    @Inject(LatestSampleReader) private readonly samples: LatestSampleReader,
    @Inject(CLOCK) now: Clock,
  ) {
    this.kept = new KeptBriefly(now);
  }

  @Get()
  @ApiOperation({
    summary: 'The last sample of every ticker in US dollars',
    description:
      'One for each source that is asked, failed, rejected and missed ones too, in the shape of the lines of snapshots (`SNAPSHOT_DIR`). Samples of the last ten slots of a source are looked at: a standby source that was not called in these is not in it. The price that was chosen of them is at `/prices/latest`.',
  })
  @ApiAnswer(LATEST_SAMPLES_ANSWER)
  @ApiProblems(notAParameter('/latest', 'ticker', 'is not a parameter here: there is none'), databaseAway('/latest'))
  async list(@Query() query: RawQuery): Promise<unknown> {
    this.queries.read({}, query);
    const samples = await this.kept.get(() => this.samples.list());
    return {
      data: samples.map(({ slot, source, asset, priceUsd, httpStatus, latencyMs, attempt }) => ({
        timestamp_utc: slotText(slot),
        source,
        asset,
        price_usd: priceUsd,
        http_status: httpStatus,
        latency_ms: latencyMs,
        attempt,
      })),
    };
  }
}
