import { z } from 'zod';

/**
 * A text that names a symbol, with whatever stands between its parts and in either case: `BTC/USD` and `btcusd` are `BTC-USD`. For the
 * field of an answer that says whose price it is; read it under its own name alone ({@link AnswerReader.shape}, `exact`).
 */
export function symbolText(sourceSymbol: string): z.ZodType<string> {
  return z
    .string()
    .refine((text) => plainSymbol(text) === plainSymbol(sourceSymbol), { error: `must be ${sourceSymbol}` });
}

/** The plain form of a symbol: `BTC/USD`, `btc-usd` and `BTCUSD` are one. */
export function plainSymbol(symbol: string): string {
  return symbol.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}
