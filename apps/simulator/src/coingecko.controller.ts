import { Controller, Get, Inject, Query, Res } from '@nestjs/common';
import { askedCurrencies, coingeckoFaultAnswer, notFoundAnswer, simplePriceAnswer } from './coingecko-answer.js';
import { PriceBook } from './price-book.js';
import { queryValue, type RawQuery } from './query-values.js';
import { SourceCalls, type HandedReply } from './source-calls.service.js';
import { tickerOf } from './source-names.js';

/** The simulated CoinGecko; its base address ends in `/coingecko/api/v3`. */
@Controller('coingecko/api/v3')
export class CoingeckoController {
  constructor(
    @Inject(SourceCalls) private readonly calls: SourceCalls,
    @Inject(PriceBook) private readonly prices: PriceBook,
  ) {}

  @Get('simple/price')
  simplePrice(@Query() query: RawQuery, @Res() reply: HandedReply): Promise<void> {
    const asked = {
      ids: queryValue(query, 'ids'),
      vs_currencies: queryValue(query, 'vs_currencies'),
      precision: queryValue(query, 'precision'),
      include_market_cap: queryValue(query, 'include_market_cap'),
      include_24hr_vol: queryValue(query, 'include_24hr_vol'),
      include_24hr_change: queryValue(query, 'include_24hr_change'),
      include_last_updated_at: queryValue(query, 'include_last_updated_at'),
    };
    const names = asked.ids?.split(',') ?? [];
    const currencies = askedCurrencies(asked.vs_currencies ?? '');
    const tickers = names.flatMap((id) => currencies.flatMap((currency) => tickerOf('coingecko', id, currency) ?? []));
    return this.calls.take(
      reply,
      { source: 'coingecko', endpoint: '/simple/price', names, tickers },
      {
        right: (second) => simplePriceAnswer(asked, second, (id, currency, at) => this.fullPrice(id, currency, at)),
        failing: coingeckoFaultAnswer,
      },
    );
  }

  /** Every other path: logged as well, so that a call to a wrong place shows. */
  @Get('*')
  unknown(@Res() reply: HandedReply): Promise<void> {
    const endpoint = (reply.raw.req.url ?? '').split('?')[0]?.replace('/coingecko/api/v3', '').slice(0, 200) ?? '';
    return this.calls.take(
      reply,
      { source: 'coingecko', endpoint, names: [], tickers: [] },
      { right: notFoundAnswer, failing: coingeckoFaultAnswer },
    );
  }

  private fullPrice(id: string, currency: string, second: number): string {
    const ticker = tickerOf('coingecko', id, currency);
    if (ticker === undefined) throw new RangeError(`CoinGecko has no ${id} in ${currency}`);
    return this.prices.priceText('coingecko', ticker, second);
  }
}
