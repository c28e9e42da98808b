/** The process's logger. */
export const LOGGER = Symbol('logger');
/** How each source is reached: address, key, plan. */
export const SOURCE_ACCESSES = Symbol('source accesses');

/** Whether a USDT or USDC is taken for a dollar, so that no measured price of it is missed. */
export const STABLECOINS_AT_PAR = Symbol('stablecoins at par');
