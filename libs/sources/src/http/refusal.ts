import type { SourceErrorKind } from '@app/domain';
import {
  errorWordsOf,
  KIND_OF_UNKNOWN_WORDS,
  oneLine,
  saysRateLimit,
  type Source,
  SourceError,
  type SourceResponse,
  tryReadJson,
} from '../contract/index.js';

/** Statuses that mean the same at every source, whatever the body says. */
const KIND_OF_STATUS: ReadonlyMap<number, SourceErrorKind> = new Map([
  [401, 'unauthorized'],
  // A proxy on our side wants its password.
  [407, 'unauthorized'],
  [408, 'timeout'],
  [418, 'rate_limited'],
  // The connection was the wrong one, or came too early: another try may succeed.
  [421, 'unavailable'],
  [425, 'unavailable'],
  [429, 'rate_limited'],
  [451, 'forbidden_region'],
  [504, 'timeout'],
  // Cloudflare: the origin took too long.
  [522, 'timeout'],
  [524, 'timeout'],
  // What some proxies call their own time-outs.
  [598, 'timeout'],
  [599, 'timeout'],
]);

/** Statuses whose meaning the body may refine: 403 is a closed region at one source and a bad key at another. */
const DEFAULT_KIND_OF_STATUS: ReadonlyMap<number, SourceErrorKind> = new Map([
  [402, 'unauthorized'],
  [403, 'forbidden_region'],
  [404, 'not_found'],
  [410, 'not_found'],
]);

/**
 * What an answer with a status other than 200 means. The body never makes it a success, however good it looks: answers
 * with status 500 and complete, valid prices were taped.
 */
export function refusalOf(source: Source, response: SourceResponse, nowMs: number): SourceError {
  const json = tryReadJson(response.body);
  const said = source.explain?.(json, response, nowMs);
  const network = isKnown(said)
    ? refusalOfNetwork(response.body)
    : (throttlingOf(json, response.body) ?? refusalOfNetwork(response.body));
  const words = said?.detail ?? network?.detail ?? '';
  return new SourceError(kindOf(response.status, said?.kind, network?.kind), source.name, describe(response, words), {
    retryAfterSeconds: said?.retryAfterSeconds,
  });
}

/** Whether the source's own form says what these words mean, by a code of its own, although they sound like a rate limit. */
function isKnown(said: SourceError | undefined): boolean {
  if (said === undefined || said.kind === 'drift' || said.kind === KIND_OF_UNKNOWN_WORDS) return false;
  return saysRateLimit(said.detail);
}

/** The error that an answer with status 200 holds, by the source's own form of one; undefined when it holds none. */
export function saidBy(
  source: Source,
  json: unknown,
  response: SourceResponse,
  nowMs: number,
): SourceError | undefined {
  const said = source.explain?.(json, response, nowMs);
  // Where a field of the envelope is missing or of another type, it says nothing at all.
  if (said?.kind !== 'drift' || said.detail.startsWith('field ')) return said;
  const { detail, retryAfterSeconds } = said;
  return new SourceError(KIND_OF_UNKNOWN_WORDS, source.name, detail, { retryAfterSeconds });
}

/** What somebody in front of a source, or the source in another form than its own, says by an answer. */
export interface Refusal {
  readonly kind: SourceErrorKind;
  readonly detail: string;
}

/**
 * Whether an answer that holds no price says that we call too often, whoever says it and whatever its status: error 1015 of Cloudflare,
 * or words such as "Throttled", as plain text, as a JSON text, or where errors have their words. Undefined when it does not.
 * @param json the body; undefined when it is no JSON.
 */
export function throttlingOf(json: unknown, body: string): Refusal | undefined {
  const network = refusalOfNetwork(body);
  if (network?.kind === 'rate_limited') return network;
  const words = errorWordsOf(json, body);
  return saysRateLimit(words) ? { kind: 'rate_limited', detail: words } : undefined;
}

/**
 * A refusal by the network in front of a source (Cloudflare), as plain text, as a page or as JSON (RFC 9457, with `error_code`), with
 * whatever status; undefined when the body is none. 1015 is its rate limit, the others are its rules against an address, a client or a
 * country, and count in JSON only where it names itself: other APIs have such codes too.
 */
export function refusalOfNetwork(body: string): Refusal | undefined {
  const start = body.slice(0, 8192);
  const inWords = new RegExp(String.raw`\berror(?: code)?:?\s+(${CLOUDFLARE_CODES})\b`, 'i');
  const inJson = new RegExp(String.raw`"error_?code"\s*:\s*"?(${CLOUDFLARE_CODES})"?\s*[,}]`, 'i').exec(start)?.[1];
  const isNamed = inJson === '1015' || /cloudflare|"ray_?id"/i.test(start);
  const code = inWords.exec(start.replace(/<[^>]*>/g, ' '))?.[1] ?? (isNamed ? inJson : undefined);
  if (code === undefined) return undefined;
  return { kind: code === '1015' ? 'rate_limited' : 'forbidden_region', detail: `Cloudflare error ${code}` };
}

const CLOUDFLARE_CODES = '1015|1020|1012|10(?:0[6-9]|10)';

function kindOf(
  status: number,
  said: SourceErrorKind | undefined,
  network: SourceErrorKind | undefined,
): SourceErrorKind {
  // Being throttled is worth knowing under any status.
  if (said === 'rate_limited' || network === 'rate_limited') return 'rate_limited';
  const fixed = KIND_OF_STATUS.get(status);
  if (fixed !== undefined) return fixed;
  if (status >= 500) return 'unavailable';
  // No redirect is followed: an API that moved, or a page in its place, is nothing that can be read as an answer.
  if (status < 400) return 'malformed';
  // Words that are not understood say less than the status does.
  const words = said === 'drift' ? undefined : said;
  const unknown = said === undefined ? 'drift' : KIND_OF_UNKNOWN_WORDS;
  return words ?? network ?? DEFAULT_KIND_OF_STATUS.get(status) ?? unknown;
}

function describe(response: SourceResponse, words: string): string {
  const location = response.headers['location'];
  const hint = words === '' && location !== undefined ? `redirect to ${hostOf(location)}` : words;
  return `HTTP ${response.status}${hint === '' ? '' : ` (${oneLine(hint)})`}`;
}

/** Only the host: the rest of an address may hold a key. */
function hostOf(location: string): string {
  return URL.canParse(location) ? new URL(location).host : 'another path';
}
