import { Controller, Get, Inject, Param, Query, Res, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ApiAnswer, VERSIONS } from '@app/openapi';
import { invalidParameters } from '@app/process/server';
import { PayloadReader } from '@app/storage';
import { ApiProblems } from '../documentation/documentation.js';
import { databaseAway, noHash, notKept } from '../documentation/problem-examples.js';
import { unknownPayload } from '../http/problem.js';
import { QueryReader, type RawQuery } from '../http/query.reader.js';
import { ReadyGuard } from '../health/ready.guard.js';
import { PAYLOAD_ANSWER } from './payload.answer.js';

const SHA256 = /^[0-9a-f]{64}$/;

/** The answers of the sources, as they came. */
@ApiTags('prices')
@UseGuards(ReadyGuard)
@Controller({ path: 'payloads', version: VERSIONS })
export class PayloadController {
  constructor(
    @Inject(QueryReader) private readonly queries: QueryReader,
    @Inject(PayloadReader) private readonly payloads: PayloadReader,
  ) {}

  @Get(':sha256')
  @ApiOperation({
    summary: 'The body of an answer as it came',
    description: 'As text, whatever it is: nothing of it is shown as a page. `/prices/explain` names the bodies.',
  })
  @ApiParam({
    name: 'sha256',
    description:
      'SHA-256 of the body, from `samples[].fetch.payload.sha256` of `/prices/explain`, which also has the whole path as `link`',
    schema: { type: 'string', pattern: '^[0-9a-f]{64}$' },
  })
  @ApiAnswer(PAYLOAD_ANSWER)
  @ApiProblems(noHash, notKept, databaseAway(notKept.path))
  async read(@Param('sha256') sha256: string, @Query() query: RawQuery, @Res() reply: FastifyReply): Promise<void> {
    this.queries.read({}, query);
    if (!SHA256.test(sha256)) {
      throw invalidParameters([{ parameter: 'sha256', detail: 'must be 64 digits of 0-9 and a-f' }]);
    }
    const body = await this.payloads.find(sha256);
    if (body === undefined) throw unknownPayload(sha256);
    void reply
      .header('content-type', 'text/plain; charset=utf-8')
      .header('x-content-type-options', 'nosniff')
      // It comes from somebody else: should it be a page, none of it may run or load anything.
      .header('content-security-policy', "default-src 'none'; sandbox")
      .send(body);
  }
}
