/** The process's logger. */
export const LOGGER = Symbol('logger');
/** Connections to Postgres. */
export const POOL = Symbol('pool');
/** How many days the bodies of answers are kept. */
export const PAYLOAD_RETENTION_DAYS = Symbol('payload retention days');
/** How each source is reached: address, key, plan. */
export const SOURCE_ACCESSES = Symbol('source accesses');

/** Whether a USDT or USDC is taken for a dollar, so that no measured price of it is missed. */
export const STABLECOINS_AT_PAR = Symbol('stablecoins at par');
