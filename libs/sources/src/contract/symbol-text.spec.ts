import { AnswerReader } from './answer-reader.js';
import { symbolText } from './symbol-text.js';

const AT = ['data', 'symbol'];

function read(symbol: unknown, asked = 'BTC-USD'): string {
  return new AnswerReader('example', {}, 'map').shape(symbolText(asked), symbol, AT, 'exact');
}

describe('the text of a symbol', () => {
  it.each(['BTC-USD', 'btc_usd', 'BTCUSD', 'Btc/Usd', 'btc:usd'])('may be %s for BTC-USD', (text) => {
    expect(read(text)).toBe(text);
  });

  it.each(['ETH-USD', 'BTC-USDT', 'WBTC-USD', '', undefined, null, 7])('is not %s', (text) => {
    expect(() => read(text)).toThrow(/field data\.symbol: (must be BTC-USD|expected)/);
  });

  it('tells letters of every script apart', () => {
    expect(read('币安人生/USDT', '币安人生USDT')).toBe('币安人生/USDT');
    expect(() => read('龙虾USDT', '币安人生USDT')).toThrow('must be');
  });
});
