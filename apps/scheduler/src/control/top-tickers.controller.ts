import { ApiAnswer, ApiRequest, VERSIONS } from '@app/openapi';
import { invalidParameters } from '@app/process/server';
import { schemaFaults } from '@app/yaml-file';
import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { topRequestSchema, TopTickersService } from '../catalogue/top-tickers.service.js';
import { ApiProblems } from './documentation.js';
import { conflict } from './problem.js';
import { noListRead, routeWithBody, wrongTop } from './problem-examples.js';
import { presentTop, TOP_ANSWER } from './top-tickers.answer.js';

/** The tickers of the greatest assets. */
@ApiTags('tickers')
@Controller({ path: 'tickers/top', version: VERSIONS })
export class TopTickersController {
  constructor(private readonly top: TopTickersService) {}

  @Post()
  @ApiOperation({
    summary: 'Catalogues the tickers of the greatest assets, all or none',
    description:
      'The assets come from the lists that are read, by market capitalisation. Each gets the sources that are known to list it: the first is asked in every slot, the others stand by. What is ambiguous, pegged, listed nowhere or disabled is left out, with the reason.',
  })
  @ApiRequest({
    description: 'How many, and from where.',
    schema: topRequestSchema,
    example: { top: 100, quote: 'usd', dry_run: true },
  })
  @ApiAnswer(TOP_ANSWER)
  @ApiProblems(wrongTop, noListRead, ...routeWithBody('/tickers/top', { top: 100 }))
  @HttpCode(200)
  async add(@Body() body: unknown) {
    const read = topRequestSchema.safeParse(body);
    if (!read.success) throw invalidParameters(schemaFaults(read.error));
    const outcome = await this.top.add(read.data);
    if (outcome === undefined)
      throw conflict('no list of assets was read yet: tidemark etl run --source coinpaprika reads one');
    return presentTop(outcome, read.data.dry_run);
  }
}
