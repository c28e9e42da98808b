/** Ids of the sources `ccxt:<exchange>`, which are stored with every sample. */
const FIRST_ID = 200;

/**
 * The exchanges of ccxt 4.5, each with the id that follows from its place here. New ones go to the end; one that ccxt drops keeps its
 * place for ever.
 */
const EXCHANGES =
  `alpaca apex aster backpack bequant bigone binance binancecoinm binanceus binanceusdm bingx bit2c bitbank bitbns
  bitfinex bitflyer bitget bithumb bitopro bitrue bitso bitstamp bitteam bittrade bitvavo blockchaincom blofin btcbox btcmarkets
  btcturk btse bullish bybit bybiteu bybitid bydfi cex coinbase coinbaseexchange coinbaseinternational coincheck coinex coinmate
  coinone coinsph coinspot cryptocom cryptomus deepcoin delta deribit derive digifinex dydx extended fmfwio foxbit gate gateeu
  gemini grvt hashkey hibachi hitbtc hollaex htx hyperliquid independentreserve indodax kraken krakenfutures kucoin kucoinfutures
  latoken lbank lighter luno mercado mexc modetrade mudrex myokx nado ndax okx okxus onetrading p2b pacifica paradex paymium
  phemex poloniex revolutx tokocrypto toobit upbit weex whitebit woo woofipro xt zaif zebpay`.split(/\s+/);

/** Names of the exchanges that can be asked by ccxt. */
export const CCXT_EXCHANGE_NAMES: readonly string[] = EXCHANGES;

/** The id of an exchange's source; undefined for one that is not in the list. */
export function ccxtSourceId(exchange: string): number | undefined {
  const place = EXCHANGES.indexOf(exchange);
  return place === -1 ? undefined : FIRST_ID + place;
}
