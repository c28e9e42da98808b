import { PRICE_FLAGS, RULES } from '@app/domain';
import type { DocumentedAnswer } from './documentation.js';

const text = { type: 'string' };
const whole = { type: 'integer', format: 'int64' };
const unixSeconds = { ...whole, description: 'UNIX seconds' };
const receipt = { type: 'number', description: 'When it was received: UNIX seconds with milliseconds' };
const price = { type: 'string', pattern: '^\\d+(\\.\\d+)?$', description: 'Exactly the digits that stood on the wire' };
const flags = {
  type: 'array',
  items: { type: 'string', enum: Object.keys(PRICE_FLAGS) },
  description:
    'What is special about it: `derived` has not the digits of the wire, `mapped` was read from a field that had drifted, `at_par` took a stablecoin for a dollar',
};
const next = { type: ['string', 'null'], description: 'Cursor of the rest; null when nothing is left' };

/** A schema in which every property is always there. */
export function object(properties: Readonly<Record<string, unknown>>) {
  return { type: 'object', required: Object.keys(properties), properties };
}

/** `/prices` */
export const PRICES_ANSWER: DocumentedAnswer = {
  description: 'The prices of the range.',
  schema: object({
    ticker: text,
    data: {
      type: 'array',
      items: {
        type: 'object',
        required: ['timestamp', 'price', 'source', 'observed_at'],
        properties: {
          timestamp: unixSeconds,
          price,
          source: text,
          observed_at: receipt,
          flags: { ...flags, description: `${flags.description}; left out when there is none` },
        },
      },
    },
    next,
  }),
  example: {
    ticker: 'btc_usd',
    data: [{ timestamp: 1766000000, price: '87123.45', source: 'deribit', observed_at: 1766000000.412 }],
    next: null,
  },
};

/** `/prices/latest` */
export const LATEST_ANSWER: DocumentedAnswer = {
  description: 'The newest price.',
  schema: object({
    ticker: text,
    timestamp: unixSeconds,
    price,
    source: text,
    observed_at: receipt,
    flags,
    consensus: { type: ['object', 'null'], description: 'How a median came about; null for any other price' },
    age_seconds: { type: 'number', minimum: 0, description: 'Seconds since it was received' },
    stale: { type: 'boolean', description: 'Older than twice the interval of its ticker' },
  }),
  example: {
    ticker: 'btc_usd',
    timestamp: 1766000000,
    price: '87123.45',
    source: 'deribit',
    observed_at: 1766000000.412,
    flags: [],
    consensus: null,
    age_seconds: 3.588,
    stale: false,
  },
};

/** `/gaps` */
export const GAPS_ANSWER: DocumentedAnswer = {
  description: 'What was expected, what is there, and what is missing.',
  schema: object({
    ticker: text,
    from: unixSeconds,
    to: unixSeconds,
    settled_to: { ...whole, description: 'UNIX seconds up to which every slot of the range is past its grace' },
    expected: whole,
    stored: whole,
    missing: whole,
    unexplained: { ...whole, description: 'Missing slots without a recorded reason; should be 0' },
    gaps: {
      type: 'array',
      items: object({
        from: unixSeconds,
        to: { ...whole, description: 'UNIX seconds, exclusive' },
        slots: { ...whole, description: 'Expected slots in it without a price' },
        reason: { ...text, description: 'Of the first source in order, or of the stretch that nobody planned' },
        sources: {
          type: 'array',
          description: 'What every source that was asked came to; empty for a stretch that nobody planned',
          items: object({
            source: text,
            outcome: { type: 'string', enum: ['accepted', 'rejected', 'failed', 'missed'] },
            reason: { type: ['string', 'null'] },
          }),
        },
      }),
    },
    next,
  }),
  example: {
    ticker: 'btc_usd',
    from: 1766000000,
    to: 1766003600,
    settled_to: 1766003600,
    expected: 60,
    stored: 57,
    missing: 3,
    unexplained: 0,
    gaps: [
      {
        from: 1766000040,
        to: 1766000100,
        slots: 1,
        reason: 'timeout',
        sources: [{ source: 'deribit', outcome: 'failed', reason: 'timeout' }],
      },
      { from: 1766001000, to: 1766001120, slots: 2, reason: 'not_planned', sources: [] },
    ],
    next: null,
  },
};

/** `/tickers` */
export const TICKERS_ANSWER: DocumentedAnswer = {
  description: 'Every ticker that was ever catalogued, by name.',
  schema: object({
    tickers: {
      type: 'array',
      items: object({
        ticker: text,
        base: text,
        quote: text,
        enabled: { type: 'boolean', description: 'Whether it is being sampled' },
        interval_seconds: { type: 'integer', description: 'How often it is sampled, or was last' },
        rule: { type: 'string', enum: RULES, description: 'How a price is chosen from the samples of a slot' },
        sources: { type: 'array', items: text, description: 'In order of preference' },
        first_slot: { ...whole, description: 'UNIX seconds of the first slot that was expected' },
        last_slot: { type: ['integer', 'null'], description: 'UNIX seconds of the newest price' },
      }),
    },
  }),
  example: {
    tickers: [
      {
        ticker: 'btc_usd',
        base: 'btc',
        quote: 'usd',
        enabled: true,
        interval_seconds: 60,
        rule: 'priority',
        sources: ['deribit', 'coingecko'],
        first_slot: 1765913580,
        last_slot: 1765999980,
      },
    ],
  },
};

/** `/livez` */
export const LIVE_ANSWER: DocumentedAnswer = {
  description: 'The process lives.',
  schema: object({ status: { type: 'string', enum: ['ok'] } }),
  example: { status: 'ok' },
};

/** `/readyz` */
export const READY_ANSWER: DocumentedAnswer = {
  description: 'Ready to serve.',
  schema: object({
    status: { type: 'string', enum: ['ready'] },
    role: { ...text, description: 'The role that the API reads as' },
    clock_offset_ms: { type: 'number', description: "This machine's clock minus the database's" },
  }),
  example: { status: 'ready', role: 'tidemark_api', clock_offset_ms: 2 },
};

const partStatus = { type: 'string', enum: ['up', 'degraded', 'down'] };

/** `/health` */
export const HEALTH_ANSWER: DocumentedAnswer = {
  description: 'How everything is; the same shape comes with status 503 when it is `down`.',
  schema: object({
    status: { type: 'string', enum: ['ok', 'degraded', 'down'] },
    database: { type: 'object', properties: { status: partStatus, role: text, latency_ms: whole } },
    clock: { type: 'object', properties: { status: partStatus, offset_ms: { type: ['number', 'null'] } } },
    etl: {
      type: 'object',
      description: 'Tickers that are being sampled, the stalest first, at most 100 of them one by one',
      properties: {
        status: partStatus,
        enabled: whole,
        fresh: whole,
        stale: whole,
        tickers: { type: 'array', items: { type: 'object' } },
      },
    },
    timestamp: { type: 'string', format: 'date-time' },
  }),
  example: {
    status: 'ok',
    database: { status: 'up', role: 'tidemark_api', latency_ms: 1 },
    clock: { status: 'up', offset_ms: 2 },
    etl: {
      status: 'up',
      enabled: 1,
      fresh: 1,
      stale: 0,
      last_slot: 1765999980,
      tickers: [{ ticker: 'btc_usd', last_slot: 1765999980, age_seconds: 3.588, stale: false }],
    },
    timestamp: '2025-12-17T19:33:20.000Z',
  },
};
