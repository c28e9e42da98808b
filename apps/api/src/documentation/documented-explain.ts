import { GAP_REASONS, OUTCOMES, PRICE_FLAGS, RULES } from '@app/domain';
import type { DocumentedAnswer } from './documentation.js';
import { object } from './documented-answers.js';

const text = { type: 'string' };
const textOrNull = { type: ['string', 'null'] };
const wholeOrNull = { type: ['integer', 'null'] };
const time = { type: 'number', description: 'UNIX seconds with milliseconds' };
const timeOrNull = { type: ['number', 'null'], description: 'UNIX seconds with milliseconds' };
const slot = { type: 'integer', format: 'int64', description: 'UNIX seconds' };
const decimalOrNull = { type: ['string', 'null'], description: 'Exactly the stored digits' };
const flags = {
  type: 'array',
  items: { type: 'string', enum: Object.keys(PRICE_FLAGS) },
  description: 'What is special about it; empty for most',
};
const outcome = { type: ['string', 'null'], enum: [...OUTCOMES, null], description: 'Null while there is none' };
const consensus = {
  type: ['object', 'null'],
  description: 'How a median came about: how many sources, how far apart, who was left out and why',
};

const price = {
  price: { type: 'string', pattern: '^\\d+(\\.\\d+)?$' },
  source: { ...text, description: '`median` for a median' },
  observed_at: time,
  flags,
  revision: { type: 'integer', description: '0 until it is corrected' },
  consensus,
};
const replaced = { replaced_at: time, cause: text };

const call = {
  requested_at: timeOrNull,
  received_at: timeOrNull,
  latency_ms: wholeOrNull,
  endpoint: { ...textOrNull, description: 'Null when no answer came, as the two below' },
  url: { ...textOrNull, description: 'Without secrets' },
  http_status: wholeOrNull,
  headers: { type: ['object', 'null'], description: 'Those that matter' },
  error_kind: textOrNull,
  error_message: textOrNull,
  parser_version: { ...textOrNull, description: 'Equal versions read equal answers alike' },
};

const payload = {
  ...object({
    sha256: text,
    kept: { type: 'boolean' },
    not_kept_because: {
      type: ['string', 'null'],
      enum: ['past_retention', 'over_daily_limit', 'none_kept_that_day', 'being_written', 'lost', null],
    },
    bytes: { ...wholeOrNull, description: 'As it came' },
    body: { ...textOrNull, description: 'As it came, up to 64 KiB; a longer one is at the link' },
    link: textOrNull,
  }),
  type: ['object', 'null'],
};

const fetch = {
  ...object({
    status: text,
    attempts: { type: 'integer' },
    max_attempts: { type: 'integer' },
    ...call,
    same_call: {
      type: 'boolean',
      description:
        'Whether the sample comes from this call; false when the fetch was called again later, for another ticker',
    },
    payload,
    earlier_attempts: {
      type: 'array',
      description: 'Calls that failed before the last one',
      items: object({ attempt: { type: 'integer' }, ...call, payload: { type: ['object', 'null'] } }),
    },
  }),
  type: ['object', 'null'],
  description: 'The call behind it; null when none was planned',
};

const sample = object({
  source: text,
  name: { ...textOrNull, description: 'Name of the ticker there' },
  batch: text,
  standby: { type: 'boolean' },
  outcome,
  reason: textOrNull,
  detail: textOrNull,
  price: decimalOrNull,
  served: { type: 'boolean', description: 'Whether the price is this sample, or a median that it is part of' },
  raw: { ...textOrNull, description: 'The text on the wire' },
  inverted: { type: ['boolean', 'null'], description: 'The wire has units of the base for one of the quote' },
  flags: { ...flags, type: ['array', 'null'] },
  rate: { ...decimalOrNull, description: 'What it was converted at' },
  rate_price: {
    ...object({ ticker: text, slot: wholeOrNull, price: decimalOrNull, source: textOrNull, explain: text }),
    type: ['object', 'null'],
    description: 'The price that converts',
  },
  market_cap: decimalOrNull,
  volume_24h: decimalOrNull,
  source_time: { ...timeOrNull, description: 'What the source claims; null when it claims none' },
  requested_at: timeOrNull,
  observed_at: timeOrNull,
  stored_at: timeOrNull,
  origin: { type: ['string', 'null'], enum: ['live', 'history', null] },
  revision: wholeOrNull,
  earlier_samples: { type: 'array', items: { type: 'object' }, description: 'What it was before a correction' },
  fetch,
});

const schedule = object({
  from: slot,
  to: { type: ['integer', 'null'], description: 'Exclusive; null while it holds' },
  interval_seconds: { type: 'integer' },
  rule: { type: 'string', enum: RULES },
  rule_options: { type: 'object' },
  sources: {
    type: 'array',
    items: object({
      source: text,
      name: text,
      batch: text,
      interval_seconds: { type: 'integer' },
      standby: { type: 'boolean' },
      quoted_in: textOrNull,
      due: { type: 'boolean', description: 'Whether it had a turn in this slot' },
    }),
  },
});

/** An answer that came and was accepted, for the example. */
function exampleSample(source: string, raw: string, change: object = {}) {
  const parts = { market_cap: null, volume_24h: null, source_time: null, inverted: false, flags: [], rate: null };
  return {
    source,
    name: 'btc_usd',
    batch: 'btc_usd',
    standby: false,
    outcome: 'accepted',
    reason: null,
    detail: null,
    price: raw,
    served: true,
    raw,
    ...parts,
    rate_price: null,
    requested_at: 1766000000.108,
    observed_at: 1766000000.412,
    stored_at: 1766000000.431,
    origin: 'live',
    revision: 0,
    earlier_samples: [],
    fetch: {
      status: 'answered',
      attempts: 1,
      max_attempts: 3,
      requested_at: 1766000000.108,
      received_at: 1766000000.412,
      latency_ms: 304,
      endpoint: 'ticker',
      url: `https://api.${source}.example/ticker/btcusd`,
      http_status: 200,
      headers: { date: 'Wed, 17 Dec 2025 19:33:20 GMT', 'content-type': 'application/json' },
      error_kind: null,
      error_message: null,
      parser_version: '5d9dff3ee3b9',
      same_call: true,
      payload: {
        sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
        kept: true,
        not_kept_because: null,
        bytes: 22,
        body: `{"last":"${raw}"}`,
        link: '/payloads/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
      },
      earlier_attempts: [],
    },
    ...change,
  };
}

/** `/prices/explain` */
export const EXPLAIN_ANSWER: DocumentedAnswer = {
  description: 'Everything that is known of the slot.',
  schema: object({
    ticker: text,
    timestamp: { ...slot, description: 'As it was asked' },
    slot: { ...wholeOrNull, description: 'UNIX seconds; null when no schedule held' },
    state: {
      type: 'string',
      enum: ['stored', 'gap', 'waiting', 'missing', 'not_expected'],
      description:
        '`stored`: it has a price; `gap`: a range says why it has none; `waiting`: it is not over; `missing`: its samples say why it has none; `not_expected`: no schedule held',
    },
    summary: { ...text, description: 'The same for people' },
    price: { ...object(price), type: ['object', 'null'] },
    earlier_prices: {
      type: 'array',
      description: 'What it was before a correction, oldest first',
      items: object({ ...price, ...replaced }),
    },
    gap: {
      ...object({ from: slot, to: slot, reason: { type: 'string', enum: GAP_REASONS }, recorded_at: time }),
      type: ['object', 'null'],
    },
    schedule: { ...schedule, type: ['object', 'null'] },
    samples: { type: 'array', description: 'One for every source that was due, in order of preference', items: sample },
  }),
  example: {
    ticker: 'btc_usd',
    timestamp: 1766000000,
    slot: 1766000000,
    state: 'stored',
    summary: 'The median of 2 sources that lie 0.0001 of the price apart; left out: bitstamp (outlier).',
    price: {
      price: '87123.45',
      source: 'median',
      observed_at: 1766000000.412,
      flags: ['derived'],
      revision: 0,
      consensus: {
        sources: 2,
        spread: '0.0001',
        used: ['kraken', 'coinbase'],
        left_out: [{ source: 'bitstamp', price: '65342.10', reason: 'outlier' }],
      },
    },
    earlier_prices: [],
    gap: null,
    schedule: {
      from: 1765900000,
      to: null,
      interval_seconds: 10,
      rule: 'median',
      rule_options: {},
      sources: ['kraken', 'coinbase', 'bitstamp'].map((source) => ({
        source,
        name: 'btc_usd',
        batch: 'btc_usd',
        interval_seconds: 10,
        standby: false,
        quoted_in: null,
        due: true,
      })),
    },
    samples: [
      exampleSample('kraken', '87119.10'),
      exampleSample('coinbase', '87127.80'),
      exampleSample('bitstamp', '65342.10', { served: false }),
    ],
  },
};
