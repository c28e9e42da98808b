import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import {
  deribitError,
  deribitFaultAnswer,
  indexNamesAnswer,
  indexPriceAnswer,
  invalidParameter,
  type DeribitEnvelope,
} from './deribit-answer.js';
import { PriceBook } from './price-book.js';
import { queryValue, type RawQuery } from './query-values.js';
import { SourceCalls, type Answering, type Clock, type HandedReply } from './source-calls.service.js';
import type { SourceAnswer } from './source-answer.js';
import { tickerOf } from './source-names.js';
import { CLOCK } from './tokens.js';

/** The simulated Deribit; its base address ends in `/deribit/api/v2`. */
@Controller('deribit/api/v2')
export class DeribitController {
  constructor(
    @Inject(SourceCalls) private readonly calls: SourceCalls,
    @Inject(PriceBook) private readonly prices: PriceBook,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  @Get('public/get_index_price')
  indexPrice(@Query() query: RawQuery, @Res() reply: HandedReply): Promise<void> {
    const name = queryValue(query, 'index_name');
    const ticker = name === undefined ? undefined : tickerOf('deribit', name, '');
    const answering = this.answering(query, (envelope, second) =>
      name === undefined || ticker === undefined
        ? invalidParameter('index_name', envelope)
        : indexPriceAnswer(name, this.prices.priceText('deribit', ticker, second), envelope),
    );
    const names = name === undefined ? [] : [name];
    const tickers = ticker === undefined ? [] : [ticker];
    return this.calls.take(
      reply,
      { source: 'deribit', endpoint: '/public/get_index_price', names, tickers },
      answering,
    );
  }

  @Get('public/get_index_price_names')
  indexNames(@Query() query: RawQuery, @Res() reply: HandedReply): Promise<void> {
    const extended = queryValue(query, 'extended') === 'true';
    const asked = { source: 'deribit', endpoint: '/public/get_index_price_names', names: [], tickers: [] } as const;
    return this.calls.take(
      reply,
      asked,
      this.answering(query, (envelope) => indexNamesAnswer(extended, envelope)),
    );
  }

  /** Every other path: logged as well, so that a call to a wrong place shows. -32601 is JSON-RPC's own code for it. */
  @Get('*')
  unknown(@Query() query: RawQuery, @Res() reply: HandedReply): Promise<void> {
    const endpoint = (reply.raw.req.url ?? '').split('?')[0]?.replace('/deribit/api/v2', '').slice(0, 200) ?? '';
    const error = { code: -32601, message: 'Method not found', data: null };
    const answering = this.answering(query, (envelope) => deribitError(400, error, envelope));
    return this.calls.take(reply, { source: 'deribit', endpoint, names: [], tickers: [] }, answering);
  }

  private answering(query: RawQuery, right: (envelope: DeribitEnvelope, second: number) => SourceAnswer): Answering {
    const usIn = Math.floor(this.now() * 1000);
    const startedMs = performance.now();
    const envelope = (): DeribitEnvelope => ({
      usIn,
      usOut: usIn + Math.ceil((performance.now() - startedMs) * 1000),
      id: queryValue(query, 'id'),
    });
    return {
      right: (second) => right(envelope(), second),
      failing: (status) => deribitFaultAnswer(status, envelope()),
    };
  }
}
