import { DERIBIT_INDEX_NAMES } from './source-names.js';
import type { SourceAnswer } from './source-answer.js';

/** When a call came in and when it is answered, in microseconds since 1970; and the `id` to echo, when one was sent. */
export interface DeribitEnvelope {
  readonly usIn: number;
  readonly usOut: number;
  readonly id: string | undefined;
}

/** Headers that Deribit's answers were taped with; there is no charset in the type. */
const HEADERS = {
  server: 'nginx',
  'content-type': 'application/json',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'GET, POST, OPTIONS',
  'access-control-allow-headers': 'Authorization,User-Agent,Range,X-Requested-With,Content-Type,Partner',
  'strict-transport-security': 'max-age=15768000',
  'x-frame-options': 'SAMEORIGIN',
};

/**
 * `public/get_index_price` of a known index. The price has no time of its own, and stands there twice.
 * @param priceText goes into the JSON as it is, a number.
 */
export function indexPriceAnswer(name: string, priceText: string, envelope: DeribitEnvelope): SourceAnswer {
  const result = `{"estimated_delivery_price":${priceText},"index_price":${priceText}}`;
  return {
    status: 200,
    headers: HEADERS,
    body: `{"jsonrpc":"2.0",${echoed(envelope)}"result":${result},${timesOf(envelope)},"testnet":false}`,
    prices: { [name]: priceText },
  };
}

/** `public/get_index_price_names`: names, or with `extended` objects. */
export function indexNamesAnswer(extended: boolean, envelope: DeribitEnvelope): SourceAnswer {
  const result = extended
    ? DERIBIT_INDEX_NAMES.map((name) => ({
        name,
        future_combo_creation_enabled: name === 'btc_usd' || name === 'eth_usd',
        option_combo_creation_enabled: name === 'btc_usd' || name === 'eth_usd',
      }))
    : DERIBIT_INDEX_NAMES;
  return {
    status: 200,
    headers: HEADERS,
    body: `{"jsonrpc":"2.0",${echoed(envelope)}"result":${JSON.stringify(result)},${timesOf(envelope)},"testnet":false}`,
  };
}

/**
 * An error as Deribit writes it. -32602 "Invalid params" with `{reason,param}` came with 400 and with its members in this
 * order (taped in gocryptotrader issue 2099, 2025-10-31); 10028 has `data` null.
 */
export function deribitError(
  status: number,
  error: { readonly code: number; readonly message: string; readonly data: Readonly<Record<string, string>> | null },
  envelope: DeribitEnvelope,
): SourceAnswer {
  const text = JSON.stringify({ code: error.code, data: error.data, message: error.message });
  return {
    status,
    headers: HEADERS,
    body: `{"jsonrpc":"2.0",${echoed(envelope)}"error":${text},"testnet":false,${timesOf(envelope)}}`,
  };
}

/** The answer to a missing or unknown parameter. */
export function invalidParameter(parameter: string, envelope: DeribitEnvelope): SourceAnswer {
  const data = { reason: 'wrong format', param: parameter };
  return deribitError(400, { code: -32602, message: 'Invalid params', data }, envelope);
}

/** What Deribit answers under a status that a fault asks for; 5xx come from the nginx before it. */
export function deribitFaultAnswer(status: number, envelope: DeribitEnvelope): SourceAnswer {
  if (status >= 500) {
    return { status, headers: { server: 'nginx', 'content-type': 'text/html' }, body: nginxPage(status) };
  }
  if (status === 401 || status === 403) {
    return deribitError(status, { code: 13009, message: 'invalid_token', data: null }, envelope);
  }
  if (status === 400) return invalidParameter('index_name', envelope);
  if (status === 404) return deribitError(status, { code: -32601, message: 'Method not found', data: null }, envelope);
  return deribitError(status, { code: 10028, message: 'too_many_requests', data: null }, envelope);
}

function nginxPage(status: number): string {
  const titles: Record<number, string> = {
    500: 'Internal Server Error',
    502: 'Bad Gateway',
    503: 'Service Temporarily Unavailable',
    504: 'Gateway Time-out',
  };
  const title = `${status} ${titles[status] ?? 'Error'}`;
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
    '<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n'
  );
}

function echoed({ id }: DeribitEnvelope): string {
  if (id === undefined) return '';
  return `"id":${/^(0|[1-9]\d{0,14})$/.test(id) ? id : JSON.stringify(id)},`;
}

function timesOf({ usIn, usOut }: DeribitEnvelope): string {
  return `"usIn":${usIn},"usOut":${usOut},"usDiff":${usOut - usIn}`;
}
